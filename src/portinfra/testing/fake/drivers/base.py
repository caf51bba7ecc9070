"""What the drivers of every kind share: who owns what, and the order of questions that `next_call` asks."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed, S, State
from portinfra.provider.interface import DONE, Answer, Call, Driver, Names, NextCall, Refs, Refuse, Wait
from portinfra.testing.fake.drivers.owner import CARRIERS, Mark, mark_of
from portinfra.testing.fake.shapes import Shape, rate_classes

Record = Mapping[str, Any]

_STATES: Mapping[str, State] = {
    "pending": "pending",
    "starting": "pending",
    "stopping": "pending",
    "failed": "pending",
    "deleting": "deleting",
}


class FakeDriver(Driver[S]):
    """One kind of the simulator's: a record of its own, with an owner and a state."""

    noun: ClassVar[str]
    """The kind in the simulator's requests: `Network` of `CreateNetwork`."""
    plural: ClassVar[str]
    zonal: ClassVar[bool] = False
    """Whether it lies in a zone."""

    def __init__(self, shape: Shape, zones: tuple[str, ...]) -> None:
        self.shape = shape
        self.zones = zones
        self.kind = self.spec.kind
        self.carrier = CARRIERS[shape.owner[self.kind]]
        self.renames = shape.owner[self.kind] != "name" and self.kind not in shape.fixed_owner
        self.cannot_show = frozenset() if self.renames else frozenset({"tags", "protect"})

    # Seeing

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """One list of all, or one a zone where the shape lists them so."""
        if self.zonal and self.shape.zonal_reads:
            return tuple(self._list(scope, zone) for zone in self.zones)
        return (self._list(scope, None),)

    def _list(self, scope: Scope, zone: str | None) -> Call:
        action = f"List{self.plural}"
        parameters = {**self.carrier.narrow(scope), **({"zone": zone} if zone else {})}
        return Call(action, parameters, rates=rate_classes(action, self.shape), place=zone)

    def assemble(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Observed[S]]:
        """Everything of the scope; of doubles the one in use, else the first attempt."""
        owned: dict[Address, list[tuple[Record, Mark]]] = {}
        for record in self.records(answers):
            mark = self.carrier.read(record, names.scope, self.kind)
            if mark is not None and record["state"] != "terminated":
                owned.setdefault(mark.owner.address, []).append((record, mark))
        used = self.used(answers) if any(len(same) > 1 for same in owned.values()) else set()
        found = []
        for address, same in owned.items():
            same.sort(key=lambda one: (one[0]["id"] not in used, one[1].owner.attempt, one[0]["id"]))
            (record, mark), *others = same
            extras = tuple({"id": other["id"]} for other, _ in others if other["id"] not in used)
            doubles = [one for one in others if one[0]["id"] in used]
            seen = self.observed(address, record, mark, names)
            found.append(evolve(seen, extras=extras))
            found += [self.observed(address, *double, names) for double in doubles]
        return found

    def records(self, answers: Mapping[Call, Sequence[Answer]]) -> Iterable[Record]:
        """The records of this kind among the answers."""
        action = f"List{self.plural}"
        for call, pages in answers.items():
            if call.action == action:
                for page in pages:
                    yield from page["records"]

    def used(self, answers: Mapping[Call, Sequence[Answer]]) -> set[str]:
        """The ids that something else stands on."""
        return set()

    def observed(self, address: Address, record: Record, mark: Mark, names: Names) -> Observed[S]:
        """One record, in the words in which it is declared."""
        return Observed(
            address,
            self.seen_spec(address.name, record, mark, names),
            self.parts(record),
            state=_STATES.get(record["state"], "ready"),
            place=record.get("zone") or None,
            fault=record.get("fault"),
        )

    @abstractmethod
    def seen_spec(self, name: str, record: Record, mark: Mark, names: Names) -> S:
        """What a record says, as a declaration."""

    def parts(self, record: Record) -> dict[str, str]:
        """Enough to change and delete it."""
        return {"id": record["id"], "name": record["name"]}

    # Acting

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Make, wait, tidy, delete, take over, change: the first of these that is needed."""
        if seen is None:
            return DONE if want is None else self.create(want, refs)
        if seen.state == "deleting":
            return Wait("being deleted")
        if seen.extras:
            return self._delete_extra(seen)
        if want is None or seen.fault:
            return self.delete(seen, refs)
        if seen.state == "pending":
            return Wait("being made ready")
        if seen.address != want.address or self._says_otherwise(want, seen.spec):
            return self._own(want, seen, refs)
        if want == seen.spec:
            return DONE
        return self.update(want, seen, refs)

    def create(self, want: S, refs: Refs) -> NextCall:
        """The request that makes it, with its owner."""
        token = {"token": refs.token(want)} if self.kind in self.shape.tokens else {}
        parameters = {**self._carried(want, refs), **token, **self.parameters(want, refs)}
        return self.call(
            self.creates(want),
            want.address,
            parameters,
            Observed(want.address, want, {"name": parameters["name"]}),
            safe=bool(token),
        )

    def creates(self, want: S) -> str:
        """The action that makes it."""
        return f"Create{self.noun}"

    @abstractmethod
    def parameters(self, want: S, refs: Refs) -> dict[str, Any]:
        """What a creation says besides name and owner."""

    def update(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """The next request that brings it closer; a kind that has none never differs in place."""
        return Refuse(f"{want.address} cannot change in place", "Replace it: --replace " + want.address)

    def delete(self, seen: Observed[S], refs: Refs) -> NextCall:
        """The request that removes it: only what bears the name that its owner gives it."""
        expected = refs.scope.native_name(seen.address.name)
        if seen.parts.get("name", expected) != expected:
            return Refuse(
                f"it bears our owner and the name {seen.parts['name']!r} instead of {expected!r}",
                "Look at it: a copied owner is no licence to delete. Rename it, or remove its owner.",
            )
        return self.call(f"Delete{self.noun}", seen.address, {"id": seen.id}, None, safe=True)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """The promise, until the record in the answer says that it takes time."""
        record = (answer or {}).get("record")
        if record is None:
            return super().absorb(seen, call, answer)
        state = _STATES.get(record["state"], "ready")
        if call.after is None:
            leaving = seen is not None and record["state"] == "deleting"
            return evolve(seen, state="deleting", fault=None) if seen and leaving else None
        if call.after.extras or (seen and seen.extras):
            return call.after
        return evolve(call.after, parts=self.parts(record), state=state, place=record.get("zone") or None)

    def call(
        self, action: str, address: Address, parameters: Mapping[str, Any], after: Any, *, safe: bool = False
    ) -> Call:
        """A write, with the rates that it counts towards."""
        fills = {"id": "record.id"} if after is not None and "id" not in after.parts else {}
        rates = rate_classes(action, self.shape)
        return Call(action, parameters, address, after, fills=fills, rates=rates, safe=safe)

    def _delete_extra(self, seen: Observed[S]) -> Call:
        first, *others = seen.extras
        after = evolve(seen, extras=tuple(others))
        return self.call(f"Delete{self.noun}", seen.address, dict(first), after, safe=True)

    def _says_otherwise(self, want: S, seen: S) -> bool:
        return any(getattr(want, name, None) != getattr(seen, name, None) for name in ("tags", "protect"))

    def _own(self, want: S, seen: Observed[S], refs: Refs) -> Call:
        """Rewrite what the resource says of itself."""
        parameters = {"kind": self.kind, "id": seen.id, **self._carried(want, refs)}
        spec = evolve(
            seen.spec,
            name=want.name,
            **{name: getattr(want, name) for name in ("tags", "protect") if hasattr(want, name)},
        )
        after = evolve(seen, address=want.address, spec=spec, parts={**seen.parts, "name": refs.name(want)})
        return self.call("SetOwner", want.address, parameters, after, safe=True)

    def _carried(self, want: S, refs: Refs) -> dict[str, Any]:
        mark = mark_of(want, refs.owner(want))
        return {"name": refs.name(want), **self.carrier.write(mark)}
