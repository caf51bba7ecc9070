"""What the drivers of all kinds share: reading EC2's records, and writing the owner."""

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
class Observation:
    """The answers of one observation, for the functions that read a single record."""

    answers: Answers
    names: Names
    related: Any = None
    """The result of `relate_records`."""


@frozen
class Owned:
    """A record with our mark."""

    record: Record
    mark: Mark


class AwsDriver(LifecycleDriver[S]):
    """A kind that is a resource of its own in EC2, with tags and a state."""

    lists: ClassVar[str]
    """The action that lists it."""
    id_key: ClassVar[str]
    """The member of a record that is its id."""
    creates: ClassVar[str]
    deletes: ClassVar[str]
    id_parameter: ClassVar[str]
    """The name of its id in a request: `SubnetId`."""
    resource: ClassVar[str]
    """EC2's name of the kind in tag specifications: `subnet`."""

    # Observe

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """Return the list of the whole scope, even with `only`: core seldom awaits few resources alone."""
        return (reading.list_owned(self.lists, scope),)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Return everything of the scope.

        A resource with another name than its owner gives it was renamed. It is ours if no other resource has
        its owner. A renamed resource with data is ours only while it is in use: copied tags do not make a
        copy ours.
        """
        observation = Observation(answers, names, self.relate_records(answers))
        used = self.used_ids(observation)
        copies = []
        for each in self.owned_records(answers, names.scope):
            is_used, named = each.record[self.id_key] in used, each.mark.named
            if named or is_used or not self.holds_data:
                copies.append(Copy(self.to_observed(each, observation), each.mark.attempt, is_used, named))
        return self.keep_one(copies)

    def owned_records(self, answers: Answers, scope: Scope) -> Iterable[Owned]:
        """Yield the records of this kind that are ours and not gone."""
        for record in reading.records(answers, self.lists):
            mark = marks.read_mark(record, scope)
            if mark and mark.address.kind == self.spec.kind and not mark.part and not self.is_gone(record):
                yield Owned(record, mark)

    def relate_records(self, answers: Answers) -> Any:
        """Return what the records of other lists say about those of this one.

        Called once in each observation.
        """
        return None

    def used_ids(self, observation: Observation) -> set[str]:
        """Return the ids of resources that another resource uses."""
        return set()

    def is_gone(self, record: Record) -> bool:
        """Return whether a listed record is of a deleted resource."""
        return False

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[S]:
        """Return one record in the form of a declaration."""
        parts = self.parts(owned.record)
        state = self.state(owned.record)
        renamed = not owned.mark.named and state != "deleting"
        return Observed(
            owned.mark.address,
            self.to_spec(owned, observation),
            {**parts, "name": marks.tags_of(owned.record).get("Name", "")},
            "pending" if renamed else state,
            owned.record.get("availabilityZone") or None,
            reason="a person has renamed it" if renamed else "",
        )

    # Foreign resources: only of the kinds whose records show where they are.

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return the list of this kind in our networks, with the records of every owner."""
        networks = sorted(each.id for each in seen.values() if isinstance(each.spec, Network))
        return self.lists_within(networks) if networks else ()

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return the lists of all records of this kind in these networks."""
        return ()

    def foreign(self, answers: Answers, names: Names) -> list[Foreign]:
        """Return the records without our mark that are in one of our resources."""
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
        """Return the ids of the resources that contain a record, the innermost first."""
        return ()

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> Iterable[Address]:
        """Return our firewalls that apply to a foreign record, and our hosts to which the record applies."""
        return ()

    def zone(self, record: Record) -> str | None:
        """Return the zone of a record; None if it has none."""
        return record.get("availabilityZone") or None

    @abstractmethod
    def to_spec(self, owned: Owned, observation: Observation) -> S:
        """Return the content of a record, as a declaration."""

    def parts(self, record: Record) -> dict[str, str]:
        """Return the ids that a change or deletion needs."""
        return {"id": record[self.id_key]}

    def state(self, record: Record) -> State:
        """Return the state of a record."""
        return "ready"

    # Change

    def cannot_create(self, want: S, refs: Refs) -> Refuse | Wait | None:
        """Return why its tags cannot be written."""
        return _refuse_tags(want)

    def create(self, want: S, refs: Refs) -> Call:
        """Return the request that creates it, with its owner."""
        parameters = {**self.parameters(want, refs), "TagSpecification": self.specifications(want, refs)}
        after = Observed(want.address, self.created_spec(want), {"name": refs.name(want)})
        safe = "ClientToken" in parameters
        return self.call(self.creates, want.address, parameters, after, fills={"id": self.id_path}, safe=safe)

    id_path: ClassVar[str]
    """The path of the new id in the answer to a creation."""

    @abstractmethod
    def parameters(self, want: S, refs: Refs) -> dict[str, Any]:
        """Return the parameters of a creation, without the owner."""

    def specifications(self, want: S, refs: Refs) -> list[dict[str, Any]]:
        """Return the tags of everything that one creation creates."""
        return [marks.specification(self.resource, marks.write(want, refs))]

    def created_spec(self, want: S) -> S:
        """Return the resource as its creation alone leaves it."""
        return want

    def finish(self, want: S, seen: Observed[S], refs: Refs) -> NextCall | None:
        """Return the call that writes its tags. EC2 accepts tags on pending resources.

        A kind adds its own steps first.
        """
        return self.own(want, seen, refs) if self.needs_owner(want, seen, refs) else None

    def delete(self, seen: Observed[S]) -> Call:
        """Return the request that deletes it."""
        return self.call(self.deletes, seen.address, {self.id_parameter: seen.id}, None, safe=True)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """Return the expected state, until the answer to a creation says that it takes time."""
        after = call.after
        if call.action != self.creates or answer is None or after is None:
            return super().absorb(seen, call, answer)
        record = self.created_record(answer)
        return evolve(after, parts={**after.parts, **self.parts(record)}, state=self.state(record))

    def created_record(self, answer: Answer) -> Record:
        """Return the record in the answer to a creation."""
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
        """Return a write, with the rates that it counts towards."""
        batch, names = rates.batch(action), rates.classes(action)
        return Call(action, parameters, address, after, fills or {}, names, safe=safe, batch=batch)

    # Owner

    def marked_ids(self, seen: Observed[S]) -> list[str]:
        """Return the ids of all parts that carry its owner."""
        return [seen.id]

    def own(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Return the call that writes its tags, or else the call that removes surplus tags."""
        if refused := _refuse_tags(want):
            return refused
        tags: Mapping[str, str] = getattr(want, "tags", {})
        before: Mapping[str, str] = getattr(seen.spec, "tags", {})
        protects, protected = getattr(want, "protect", False), getattr(seen.spec, "protect", False)
        owned = evolve(seen, parts={**seen.parts, "name": refs.name(want)}, state="ready", reason="")
        missing = {key: value for key, value in tags.items() if before.get(key) != value}
        if protects and not protected:
            missing |= marks.PROTECTED
        if seen.address != want.address or seen.parts.get("name", refs.name(want)) != refs.name(want):
            missing = marks.write(want, refs)
        if missing:
            after = with_owner(owned, want, tags={**before, **tags}, protect=protects or protected)
            return self._tag("CreateTags", seen, marks.pairs(missing), after)
        surplus = {*before} - {*tags}
        if protected and not protects:
            surplus |= marks.PROTECTED.keys()
        return self._tag("DeleteTags", seen, marks.keys(surplus), with_owner(owned, want))

    def _tag(self, action: str, seen: Observed[S], tags: list[dict[str, str]], after: Observed[S]) -> Call:
        parameters = {"ResourceId": self.marked_ids(seen), "Tag": tags}
        return self.call(action, after.address, parameters, after, safe=True)


def _refuse_tags(want: Any) -> Refuse | None:
    if key := marks.first_reserved_tag(getattr(want, "tags", {})):
        return Refuse(f"the tag {key!r} is reserved on AWS", "Choose another key for the tag.")
    return None


def token(refs: Refs, spec: Any, part: str = "") -> str:
    """Return a client token of at most 64 characters.

    It stays the same until the created resource is gone.
    """
    return hashlib.sha256(f"{refs.token(spec)} {part}".encode()).hexdigest()
