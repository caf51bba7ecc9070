"""What the drivers of every kind share: how EC2 tells of a resource, and how its owner is written."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve, frozen

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Foreign, Observed, S, State
from portinfra.model.resources import Network
from portinfra.provider.interface import Answer, Call, Names, NextCall, Refs, Refuse, Wait
from portinfra.provider.lifecycle import Copy, LifecycleDriver, with_owner
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
    """What `relate_records` made of it."""


@frozen
class Owned:
    """A record of ours."""

    record: Record
    mark: Mark


class AwsDriver(LifecycleDriver[S]):
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

    # Seeing

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """All of the scope, whatever is awaited: few are waited for without others."""
        return (reading.list_owned(self.lists, scope),)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Return everything of the scope.

        What bears another name than its owner gives it is ours while it stands alone: somebody has renamed
        it. Of data, only while it is in use: a copy of all tags makes no copy ours.
        """
        told = Told(answers, names, self.relate_records(answers))
        used = self.used_ids(told)
        copies = []
        for each in self.owned_records(answers, names.scope):
            is_used, named = each.record[self.id_key] in used, each.mark.named
            if named or is_used or not self.holds_data:
                copies.append(Copy(self.to_observed(each, told), each.mark.attempt, is_used, named))
        return self.keep_one(copies)

    def owned_records(self, answers: Answers, scope: Scope) -> Iterable[Owned]:
        """The records of this kind that are ours and not gone."""
        for record in reading.records(answers, self.lists):
            mark = marks.read_mark(record, scope)
            if mark and mark.address.kind == self.spec.kind and not mark.part and not self.is_gone(record):
                yield Owned(record, mark)

    def relate_records(self, answers: Answers) -> Any:
        """What the records of other lists say about those of this one; asked once an observation."""
        return None

    def used_ids(self, told: Told) -> set[str]:
        """The ids that something else stands on."""
        return set()

    def is_gone(self, record: Record) -> bool:
        """Whether it is listed although it is no more."""
        return False

    def to_observed(self, owned: Owned, told: Told) -> Observed[S]:
        """One record, in the words in which it is declared."""
        parts = self.parts(owned.record)
        state = self.state(owned.record)
        renamed = not owned.mark.named and state != "deleting"
        return Observed(
            owned.mark.address,
            self.to_spec(owned, told),
            {**parts, "name": marks.tags_of(owned.record).get("Name", "")},
            "pending" if renamed else state,
            owned.record.get("availabilityZone") or None,
            reason="a person has renamed it" if renamed else "",
        )

    # Resources of others: only of the kinds that say where a record lies.

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return the list of this kind in our networks, with the records of every owner."""
        networks = sorted(each.id for each in seen.values() if isinstance(each.spec, Network))
        return self.lists_within(networks) if networks else ()

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return the lists of all records of this kind in these networks."""
        return ()

    def foreign(self, answers: Answers, names: Names) -> list[Foreign]:
        """Return the records that bear no mark of ours and lie in a resource of ours."""
        found = []
        for record in reading.records(answers, self.lists):
            homes = (names.address_of(id) for id in self.homes(record))
            home = next((address for address in homes if address), None)
            if home is None or marks.read_mark(record, names.scope):
                continue
            bound = tuple(sorted(self.bound_addresses(record, answers, names)))
            title = marks.tags_of(record).get("Name", "")
            kind = self.resource.replace("-", " ")
            found.append(Foreign(kind, record[self.id_key], home, title, self.zone(record), bound))
        return found

    def homes(self, record: Record) -> Iterable[str]:
        """Return the ids of what a record lies in, the innermost first."""
        return ()

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> Iterable[Address]:
        """Return our firewalls that apply to a record of others, and our hosts that it applies to."""
        return ()

    def zone(self, record: Record) -> str | None:
        """Return the zone of a record; None where it is in none."""
        return record.get("availabilityZone") or None

    @abstractmethod
    def to_spec(self, owned: Owned, told: Told) -> S:
        """What a record says, as a declaration."""

    def parts(self, record: Record) -> dict[str, str]:
        """Enough to change and delete it."""
        return {"id": record[self.id_key]}

    def state(self, record: Record) -> State:
        """Where a record is on its way."""
        return "ready"

    # Acting

    def cannot_create(self, want: S, refs: Refs) -> Refuse | Wait | None:
        """Return why its tags cannot be written."""
        return _refuse_tags(want)

    def create(self, want: S, refs: Refs) -> Call:
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
        """Write its tags, which EC2 accepts of what is pending, too; a kind does first what is its own."""
        return self.own(want, seen, refs) if self.needs_owner(want, seen, refs) else None

    def delete(self, seen: Observed[S]) -> Call:
        """The request that removes it."""
        return self.call(self.deletes, seen.address, {self.id_parameter: seen.id}, None, safe=True)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """The promise, until the answer to a creation says that it takes time."""
        after = call.after
        if call.action != self.creates or answer is None or after is None:
            return super().absorb(seen, call, answer)
        record = self.created_record(answer)
        return evolve(after, parts={**after.parts, **self.parts(record)}, state=self.state(record))

    def created_record(self, answer: Answer) -> Record:
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

    # Owning

    def marked_ids(self, seen: Observed[S]) -> list[str]:
        """The ids of all parts that bear its owner."""
        return [seen.id]

    def own(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Write its tags; then remove those that are too many."""
        if refused := _refuse_tags(want):
            return refused
        tags: Mapping[str, str] = getattr(want, "tags", {})
        before: Mapping[str, str] = getattr(seen.spec, "tags", {})
        protects, protected = getattr(want, "protect", False), getattr(seen.spec, "protect", False)
        said = evolve(seen, parts={**seen.parts, "name": refs.name(want)}, state="ready", reason="")
        if (
            seen.address != want.address
            or seen.parts.get("name", refs.name(want)) != refs.name(want)
            or (protects and not protected)
            or any(before.get(key) != value for key, value in tags.items())
        ):
            after = with_owner(said, want, tags={**before, **tags}, protect=protects or protected)
            return self._tag("CreateTags", seen, marks.pairs(marks.write(want, refs)), after)
        surplus = {*before} - {*tags}
        if protected and not protects:
            surplus.add(marks.PREFIX + "protect")
        return self._tag("DeleteTags", seen, marks.keys(surplus), with_owner(said, want))

    def _tag(self, action: str, seen: Observed[S], tags: list[dict[str, str]], after: Observed[S]) -> Call:
        parameters = {"ResourceId": self.marked_ids(seen), "Tag": tags}
        return self.call(action, after.address, parameters, after, safe=True)


def _refuse_tags(want: Any) -> Refuse | None:
    if key := marks.first_reserved_tag(getattr(want, "tags", {})):
        return Refuse(f"the tag {key!r} is not the user's to set on AWS", "Choose another key for it.")
    return None


def token(refs: Refs, spec: Any, part: str = "") -> str:
    """A client token: at most 64 characters, the same until what it made is gone."""
    return hashlib.sha256(f"{refs.token(spec)} {part}".encode()).hexdigest()
