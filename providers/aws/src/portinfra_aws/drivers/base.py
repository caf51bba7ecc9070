"""What the drivers of every kind share: whose a record is, and the order of `next_call`'s questions."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve, frozen

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed, S, State
from portinfra.provider.interface import DONE, Answer, Call, Driver, Names, NextCall, Refs, Refuse, Wait
from portinfra_aws import marks, rates
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.reading import Answers, Record
from portinfra_aws.marks import Mark


@frozen
class Told:
    """What one observation brought, for whoever reads a single record of it."""

    answers: Answers
    names: Names
    related: Any = None
    """What `related` made of it."""


@frozen
class Owned:
    """A record of ours."""

    record: Record
    mark: Mark


class AwsDriver(Driver[S]):
    """One kind that EC2 has as a resource of its own, with tags and a state."""

    lists: ClassVar[str]
    """The action that lists it."""
    id_key: ClassVar[str]
    """The member of a record that is its id."""
    creates: ClassVar[str]
    deletes: ClassVar[str]
    id_parameter: ClassVar[str]
    """What a request calls its id: `SubnetId`."""
    resource: ClassVar[str]
    """What EC2 calls it where tags are given: `subnet`."""
    doubled: ClassVar[bool] = False
    """Whether one run can make it twice: its creation has neither a token nor a name to be taken."""
    holds_data: ClassVar[bool] = False
    """Whether a double is never taken for an empty one."""

    # Seeing

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """All of the scope, whatever is awaited: few are waited for without others."""
        return (reading.owned(self.lists, scope),)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Everything of the scope; of doubles the rightly named, the one in use, else the first attempt.

        What bears another name than its owner gives it is ours while it stands alone: somebody has renamed
        it. Of data, only while it is in use: a copy of all tags makes no copy ours.
        """
        told = Told(answers, names, self.related(answers))
        used = self.used(told)
        owned: dict[Address, list[Owned]] = {}
        for each in self.owned(answers, names.scope):
            if each.mark.named or not self.holds_data or each.record[self.id_key] in used:
                owned.setdefault(each.mark.address, []).append(each)
        found = []
        for same in owned.values():
            same.sort(key=lambda each: self._rank(each, used))
            first, *others = same
            others = [each for each in others if each.mark.named and not self._leaves(each)]
            extras = [each for each in others if self._is_extra(each, first, used)]
            seen = self.observed(first, told)
            doubles = ({"id": each.record[self.id_key]} for each in extras)
            found.append(evolve(seen, extras=(*seen.extras, *doubles)))
            found += [self.observed(each, told) for each in others if each not in extras]
        return found

    def owned(self, answers: Answers, scope: Scope) -> Iterable[Owned]:
        """The records of this kind that are ours and not gone."""
        for record in reading.records(answers, self.lists):
            mark = marks.read(record, scope)
            if mark and mark.address.kind == self.spec.kind and not mark.part and not self.gone(record):
                yield Owned(record, mark)

    def _rank(self, each: Owned, used: set[str]) -> tuple[bool, bool, bool, str, str]:
        id = each.record[self.id_key]
        return (self._leaves(each), not each.mark.named, id not in used, each.mark.attempt, id)

    def _leaves(self, each: Owned) -> bool:
        return self.state(each.record) == "deleting"

    def _is_extra(self, each: Owned, first: Owned, used: set[str]) -> bool:
        """Whether it is a double of our own making, and empty. The same attempt makes no two of most kinds:
        there, somebody has copied the tags.
        """
        if self.holds_data or each.record[self.id_key] in used:
            return False
        return self.doubled or each.mark.attempt != first.mark.attempt

    def related(self, answers: Answers) -> Any:
        """What the records of other lists say about those of this one; asked once an observation."""
        return None

    def used(self, told: Told) -> set[str]:
        """The ids that something else stands on."""
        return set()

    def gone(self, record: Record) -> bool:
        """Whether it is listed although it is no more."""
        return False

    def observed(self, owned: Owned, told: Told) -> Observed[S]:
        """One record, in the words in which it is declared."""
        parts = self.parts(owned.record)
        named = owned.mark.named
        return Observed(
            owned.mark.address,
            self.seen_spec(owned, told),
            {**parts, "name": marks.tags_of(owned.record).get("Name", "")},
            self.state(owned.record) if named else "pending",
            owned.record.get("availabilityZone") or None,
            reason="" if named else "somebody has renamed it",
        )

    @abstractmethod
    def seen_spec(self, owned: Owned, told: Told) -> S:
        """What a record says, as a declaration."""

    def parts(self, record: Record) -> dict[str, str]:
        """Enough to change and delete it."""
        return {"id": record[self.id_key]}

    def state(self, record: Record) -> State:
        """Where a record is on its way."""
        return "ready"

    # Acting

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Make, wait, tidy, delete, finish, take over, change: the first of these that is needed."""
        if seen is None:
            return DONE if want is None else self._checked(want, refs)
        if seen.state == "deleting":
            return Wait("being deleted")
        if seen.extras:
            return self._delete_extra(seen)
        if want is None or seen.fault:
            return self.remove(seen, refs)
        if (finishing := self.finish(want, seen, refs)) is not None:
            return finishing
        if seen.parts.get("name", refs.name(want)) != refs.name(want) or self._says_otherwise(want, seen):
            return self._own(want, seen, refs)
        if seen.state == "pending":
            return Wait("being made ready")
        return DONE if want == seen.spec else self.update(want, seen, refs)

    def _checked(self, want: S, refs: Refs) -> NextCall:
        if key := marks.reserved(getattr(want, "tags", {})):
            return Refuse(f"the tag {key!r} is not the user's to set on AWS", "Choose another key for it.")
        return self.create(want, refs)

    def create(self, want: S, refs: Refs) -> NextCall:
        """The request that makes it, with its owner."""
        parameters = {**self.parameters(want, refs), "TagSpecification": self.specifications(want, refs)}
        after = Observed(want.address, self.as_made(want), {"name": refs.name(want)})
        safe = "ClientToken" in parameters
        return self.call(self.creates, want.address, parameters, after, fills={"id": self.id_path}, safe=safe)

    id_path: ClassVar[str]
    """Where the answer to its creation has its id."""

    @abstractmethod
    def parameters(self, want: S, refs: Refs) -> dict[str, Any]:
        """What a creation says besides the owner."""

    def specifications(self, want: S, refs: Refs) -> list[dict[str, Any]]:
        """The tags of all that a creation makes."""
        return [marks.specification(self.resource, marks.write(want, refs))]

    def as_made(self, want: S) -> S:
        """What its creation alone brings about."""
        return want

    def finish(self, want: S, seen: Observed[S], refs: Refs) -> NextCall | None:
        """What it still needs before it is what any of its kind must be; None: nothing."""
        return None

    def update(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """The next request that brings it closer; a kind that has none never differs in place."""
        return Refuse(f"{want.address} cannot change in place", "Replace it: --replace " + want.address)

    def remove(self, seen: Observed[S], refs: Refs) -> NextCall:
        """The request that removes it: only what bears the name that its owner gives it."""
        expected = refs.scope.native_name(seen.address.name)
        if seen.parts.get("name", expected) != expected:
            return Refuse(
                f"it bears our owner and the name {seen.parts['name']!r} instead of {expected!r}",
                "Look at it: a copied owner is no licence to delete. Mend its Name, or remove its owner.",
            )
        return self.delete(seen)

    def delete(self, seen: Observed[S]) -> Call:
        """The request that removes it."""
        return self.call(self.deletes, seen.address, {self.id_parameter: seen.id}, None, safe=True)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """The promise, until the answer to a creation says that it takes time."""
        after = call.after
        if call.action != self.creates or answer is None or after is None:
            return super().absorb(seen, call, answer)
        record = self.made(answer)
        return evolve(after, parts={**after.parts, **self.parts(record)}, state=self.state(record))

    def made(self, answer: Answer) -> Record:
        """The record in the answer to a creation."""
        found: Any = answer
        for key in self.id_path.split(".")[:-1]:
            found = found[key]
        return dict(found)

    def call(
        self,
        action: str,
        address: Address,
        parameters: Mapping[str, Any],
        after: Observed[Any] | None,
        *,
        fills: Mapping[str, str] | None = None,
        safe: bool = False,
    ) -> Call:
        """A write, with the rates that it counts towards."""
        return Call(action, parameters, address, after, fills or {}, rates.classes(action), safe=safe)

    def _delete_extra(self, seen: Observed[S]) -> Call:
        first, *others = seen.extras
        after = evolve(seen, extras=tuple(others))
        return self.call(self.deletes, seen.address, {self.id_parameter: first["id"]}, after, safe=True)

    # Owning

    def marked(self, seen: Observed[S]) -> list[str]:
        """The ids of all parts that bear its owner."""
        return [seen.id]

    def _says_otherwise(self, want: S, seen: Observed[S]) -> bool:
        return seen.address != want.address or any(
            getattr(want, name, None) != getattr(seen.spec, name, None) for name in ("tags", "protect")
        )

    def _own(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Rewrite what it says of itself; then take away what it says too much."""
        if key := marks.reserved(getattr(want, "tags", {})):
            return Refuse(f"the tag {key!r} is not the user's to set on AWS", "Choose another key for it.")
        tags: Mapping[str, str] = getattr(want, "tags", {})
        before: Mapping[str, str] = getattr(seen.spec, "tags", {})
        protects, protected = getattr(want, "protect", False), getattr(seen.spec, "protect", False)
        said = evolve(
            seen,
            parts={**seen.parts, "name": refs.name(want)},
            address=want.address,
            state="ready",
            reason="",
        )
        if (
            seen.address != want.address
            or seen.parts.get("name", refs.name(want)) != refs.name(want)
            or (protects and not protected)
            or any(before.get(key) != value for key, value in tags.items())
        ):
            after = evolve(said, spec=_with(seen.spec, want, {**before, **tags}, protects or protected))
            return self._tag("CreateTags", seen, marks.pairs(marks.write(want, refs)), after)
        surplus = {*before} - {*tags}
        if protected and not protects:
            surplus.add(marks.PREFIX + "protect")
        after = evolve(said, spec=_with(seen.spec, want, tags, protects))
        return self._tag("DeleteTags", seen, marks.keys(surplus), after)

    def _tag(self, action: str, seen: Observed[S], tags: list[dict[str, str]], after: Observed[S]) -> Call:
        parameters = {"ResourceId": self.marked(seen), "Tag": tags}
        return self.call(action, after.address, parameters, after, safe=True)


def token(refs: Refs, spec: Any, part: str = "") -> str:
    """A client token: at most 64 characters, the same until what it made is gone."""
    return hashlib.sha256(f"{refs.token(spec)} {part}".encode()).hexdigest()


def _with(spec: Any, want: Any, tags: Mapping[str, str], protect: bool) -> Any:
    changed: dict[str, Any] = {"name": want.name, "tags": tags, "protect": protect}
    return evolve(spec, **{name: value for name, value in changed.items() if hasattr(spec, name)})
