"""The part that the drivers of all kinds share: observed resources, and their owners."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve

from portinfra.errors import NoCapacity
from portinfra.model.address import Address, Scope
from portinfra.model.observed import Fault, Foreign, Observed, S, State
from portinfra.provider.interface import Answer, Call, Names, Refs
from portinfra.provider.lifecycle import Copy, LifecycleDriver, with_owner
from portinfra.testing.fake.drivers.owner import CARRIERS, Carrier, Mark, mark_of
from portinfra.testing.fake.errors import KINDS
from portinfra.testing.fake.shapes import Shape, batch_of, rate_classes

Record = Mapping[str, Any]

_STATES: Mapping[str, State] = {
    "pending": "pending",
    "starting": "pending",
    "stopping": "pending",
    "failed": "pending",
    "deleting": "deleting",
}


class FakeDriver(LifecycleDriver[S]):
    """The driver of one kind with records of its own, which have an owner and a state."""

    noun: ClassVar[str]
    """The kind in the simulator's requests: `Network` of `CreateNetwork`."""
    plural: ClassVar[str]
    zonal: ClassVar[bool] = False
    """Whether it lies in a zone."""
    doubled = True
    inside: ClassVar[tuple[str, ...]] = ()
    """The fields of a record that name its containers, the innermost first."""

    def __init__(self, shape: Shape, zones: tuple[str, ...]) -> None:
        self.shape = shape
        self.zones = zones
        self.kind: str = self.spec.kind
        self.carrier: Carrier = CARRIERS[shape.owner[self.kind]]
        self.renames: bool = shape.owner[self.kind] != "name" and self.kind not in shape.fixed_owner
        self.cannot_show: frozenset[str] = (
            frozenset() if self.renames else frozenset({"tags", "protect", "birth"})
        )

    # Seeing

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """Return one list of all, or one for each zone where the shape lists by zone."""
        return self._lists(self.carrier.narrow(scope))

    def _lists(self, narrow: Mapping[str, Any]) -> tuple[Call, ...]:
        action = f"List{self.plural}"
        zones = self.zones if self.zonal and self.shape.zonal_reads else (None,)
        return tuple(
            Call(
                action,
                {**narrow, **({"zone": zone} if zone else {})},
                rates=rate_classes(action, self.shape),
                place=zone,
            )
            for zone in zones
        )

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return the lists of this kind, with the records of every owner."""
        return self._lists({}) if self.inside and seen else ()

    def foreign(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Foreign]:
        """Return the records of this kind that others own and that lie in a resource of ours."""
        found = []
        for record in self.records(answers):
            homes = (names.address_of(record[field]) for field in self.inside)
            home = next((address for address in homes if address), None)
            if home is None or record["state"] in ("terminated", "deleting"):
                continue
            if self.carrier.read(record, names.scope, self.kind) is None:
                bound = tuple(sorted(self.bound_addresses(record, answers, names)))
                place = record.get("zone") or None
                found.append(Foreign(self.kind, record["id"], home, record["name"], place, bound))
        return found

    def bound_addresses(
        self, record: Record, answers: Mapping[Call, Sequence[Answer]], names: Names
    ) -> Iterable[Address]:
        """Return the resources of ours that a record of another owner is bound to, or binds."""
        return ()

    def assemble(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Observed[S]]:
        """Return all resources of the scope. Of duplicates, `keep_one` decides."""
        used = self.used_ids(answers)
        copies = []
        for record in self.records(answers):
            mark = self.carrier.read(record, names.scope, self.kind)
            if mark is not None and record["state"] != "terminated":
                seen = self.to_observed(mark.owner.address, record, mark, names)
                copies.append(Copy(seen, mark.owner.attempt, record["id"] in used))
        return self.keep_one(copies)

    def records(self, answers: Mapping[Call, Sequence[Answer]]) -> Iterable[Record]:
        """Return the records of this kind in the answers."""
        action = f"List{self.plural}"
        for call, pages in answers.items():
            if call.action == action:
                for page in pages:
                    yield from page["records"]

    def used_ids(self, answers: Mapping[Call, Sequence[Answer]]) -> set[str]:
        """Return the ids that other resources depend on."""
        return set()

    def to_observed(self, address: Address, record: Record, mark: Mark, names: Names) -> Observed[S]:
        """Return one record as an observed resource."""
        return Observed(
            address,
            self.to_spec(address.name, record, mark, names),
            self.parts(record),
            state=_STATES.get(record["state"], "ready"),
            place=record.get("zone") or None,
            fault=_fault(record),
            failed_change=_change_fault(record),
        )

    @abstractmethod
    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> S:
        """Return the spec of a record."""

    def parts(self, record: Record) -> dict[str, str]:
        """Return the fields that its change and deletion need."""
        return {"id": record["id"], "name": record["name"]}

    # Acting

    def create(self, want: S, refs: Refs) -> Call:
        """Return the request that creates it, with its owner."""
        token = {"token": refs.token(want)} if self.kind in self.shape.tokens else {}
        parameters = {**self._carrier_fields(want, refs), **token, **self.parameters(want, refs)}
        return self.call(
            self.creates(want),
            want.address,
            parameters,
            Observed(want.address, self.as_made(want), {"name": parameters["name"]}),
            safe=bool(token),
        )

    def creates(self, want: S) -> str:
        """Return the action that creates it."""
        return f"Create{self.noun}"

    @abstractmethod
    def parameters(self, want: S, refs: Refs) -> dict[str, Any]:
        """Return the parameters of a creation besides name and owner."""

    def as_made(self, want: S) -> S:
        """Return the spec right after the creation, before further calls."""
        return want

    def delete(self, seen: Observed[S]) -> Call:
        """Return the request that deletes it."""
        return self.call(f"Delete{self.noun}", seen.address, {"id": seen.id}, None, safe=True)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """Return the promise, until the record in the answer says that the change takes time."""
        record = _record(call, answer)
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
        """Return a write, with the rates that it counts towards."""
        fills = {"id": "record.id"} if after is not None and "id" not in after.parts else {}
        rates = rate_classes(action, self.shape)
        batch = batch_of(action, self.shape)
        return Call(action, parameters, address, after, fills=fills, rates=rates, safe=safe, batch=batch)

    def own(self, want: S, seen: Observed[S], refs: Refs) -> Call:
        """Return the request that writes its owner."""
        parameters = {"kind": self.kind, "id": seen.id, **self._carrier_fields(want, refs)}
        after = evolve(with_owner(seen, want), parts={**seen.parts, "name": refs.name(want)})
        return self.call("SetOwner", want.address, parameters, after, safe=True)

    def _carrier_fields(self, want: S, refs: Refs) -> dict[str, Any]:
        mark = mark_of(want, refs.owner(want))
        return {"name": refs.name(want), **self.carrier.write(mark)}


def _record(call: Call, answer: Answer | None) -> Record | None:
    """Return the record of a call's resource in an answer, which may have those of other calls, too."""
    if answer is None or "records" not in answer:
        return (answer or {}).get("record")
    return next((record for record in answer["records"] if record["id"] == call.parameters["id"]), None)


def _change_fault(record: Record) -> Fault | None:
    """Return why its last change failed after it was accepted."""
    failed = record.get("failed_change")
    if not failed:
        return None
    kind, fix = KINDS[failed["code"]]
    return Fault(kind, failed["reason"], failed["code"], fix)


def _fault(record: Record) -> Fault | None:
    """Return why it failed after it was accepted. A broken machine counts as missing capacity of the zone."""
    if not record.get("fault"):
        return None
    code = record.get("fault_code", "")
    kind, fix = KINDS.get(code, (NoCapacity, ""))
    return Fault(kind, record["fault"], code, fix)
