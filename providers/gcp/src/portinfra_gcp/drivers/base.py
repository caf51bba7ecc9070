"""What the drivers of all kinds share: reading Compute Engine's records, and writing the owner."""

import hashlib
import json
import uuid
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve, frozen

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Foreign, Observed, S, State
from portinfra.model.resources import Network
from portinfra.provider.interface import Answer, Call, Names, NextCall, Refs, Refuse
from portinfra.provider.lifecycle import Copy, LifecycleDriver, with_owner
from portinfra_gcp import labels, links, marks, rates
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.reading import Answers, Record
from portinfra_gcp.keys import Keyring
from portinfra_gcp.marks import Mark

DONE_STATUS = "DONE"

FOREIGN = "foreign"
"""The part with the labels that Google's services have put on a resource, as JSON."""


@frozen
class Observation:
    """The answers of one observation, for the functions that read a single record."""

    answers: Answers
    names: Names
    under_way: Mapping[str, str]
    related: Any = None
    """The result of `relate_records`."""


@frozen
class Owned:
    """A record with our mark."""

    record: Record
    mark: Mark

    @property
    def path(self) -> str:
        """The path of its link, which is its native id."""
        return links.path(self.record["selfLink"])


class GcpDriver(LifecycleDriver[S]):
    """A kind that is a resource of its own in Compute Engine. Its name is unique in its zone or region."""

    collection: ClassVar[str]
    lists: ClassVar[str]
    """The action that lists it."""
    labelled: ClassVar[bool] = True
    """Whether it has labels. If not, its owner is written once."""
    has_state: ClassVar[bool] = True
    """Whether its record shows a running creation or deletion. If not, only an operation does.

    A run that ended may have started that operation.
    """
    name_follows_owner = False
    waits_for_pending = True

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    # Observe

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """Return the list of the whole scope.

        While core waits, or if records have no state, operations come first.
        """
        needs_operations = bool(only) or not self.has_state
        return (*((reading.operations(),) if needs_operations else ()), self.listing(scope))

    def listing(self, scope: Scope) -> Call:
        """Return the list of this kind."""
        return reading.list_owned(self.lists, scope)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Return everything of the scope. If two zones have the same name, the one in use counts."""
        observation = Observation(
            answers, names, reading.under_way(answers), self.relate_records(answers, names)
        )
        owned = self.owned_records(answers, names.scope)
        return self.keep_one(
            Copy(self.to_observed(each, observation), each.mark.attempt, self.is_used(each)) for each in owned
        )

    def is_empty_double(self, double: Copy[S], first: Copy[S]) -> bool:
        """Return False: a name is unique in its place, so no attempt of ours explains a double."""
        return False

    def owned_records(self, answers: Answers, scope: Scope) -> Iterable[Owned]:
        """Yield the records of this kind that are ours."""
        for record in reading.records(answers, self.lists):
            mark = marks.read_mark(record, scope, self.spec.kind)
            if mark:
                yield Owned(record, mark)

    def relate_records(self, answers: Answers, names: Names) -> Any:
        """Return what the records of other lists say about those of this one.

        Called once in each observation.
        """
        return None

    def is_used(self, each: Owned) -> bool:
        """Return whether another resource uses it."""
        return bool(each.record.get("users"))

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[S]:
        """Return one record in the form of a declaration."""
        path = owned.path
        return Observed(
            owned.mark.address,
            self.to_spec(owned, observation),
            {"id": path, "name": owned.record["name"], **self.parts(owned.record)},
            _busy(observation.under_way.get(path)) or self.state(owned.record),
            links.place(path) if path.startswith("zones/") else None,
        )

    # Foreign resources: only of the kinds whose records show where they are.

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return the list of this kind in our networks, with the records of every owner."""
        names = sorted(each.parts["name"] for each in seen.values() if isinstance(each.spec, Network))
        return self.lists_within(names) if names else ()

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return the lists of all records of this kind in networks of these names."""
        return ()

    def foreign(self, answers: Answers, names: Names) -> list[Foreign]:
        """Return the records without our mark that are in one of our resources."""
        found = []
        for record in reading.records(answers, self.lists):
            homes = (names.address_of(links.path(link)) for link in self.homes(record))
            home = next((address for address in homes if address), None)
            if home is None or self.is_ours(record, names.scope):
                continue
            path = links.path(record["selfLink"])
            bound = tuple(sorted(self.bound_addresses(record, answers, names)))
            kind = self.foreign_kind or self.spec.kind
            found.append(Foreign(kind, path, home, record["name"], links.place(path) or None, bound))
        return found

    foreign_kind: ClassVar[str] = ""
    """The name of foreign resources of this kind, if it differs from our kind."""

    def is_ours(self, record: Record, scope: Scope) -> bool:
        """Return whether a record belongs to the scope."""
        return marks.read_mark(record, scope, self.spec.kind) is not None

    def homes(self, record: Record) -> Iterable[str]:
        """Return links to the resources that contain a record, the innermost first."""
        return ()

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> Iterable[Address]:
        """Return our firewalls that apply to a foreign record, or to which it applies."""
        return ()

    @abstractmethod
    def to_spec(self, owned: Owned, observation: Observation) -> S:
        """Return the content of a record, as a declaration."""

    def parts(self, record: Record) -> dict[str, str]:
        """Return what a change needs besides the path."""
        if not record.get("labelFingerprint"):
            return {}
        foreign = labels.foreign(record.get("labels") or {})
        kept = {FOREIGN: json.dumps(foreign, sort_keys=True)} if foreign else {}
        return {"labels": record["labelFingerprint"], **kept}

    def state(self, record: Record) -> State:
        """Return the state of a record, by its own status."""
        return "ready"

    # Change

    def cannot_create(self, want: S, refs: Refs) -> Refuse | None:
        """Return why it cannot carry its owner and tags."""
        return marks.refuse_mark(want, self.describe(want, refs, refs.free_name(want)))

    def create(self, want: S, refs: Refs) -> Call:
        """Return the request that creates it, with its owner."""
        name = refs.free_name(want)
        text = self.describe(want, refs, name)
        body = {"name": name, "description": text, **self.body(want, refs)}
        if self.labelled:
            body["labels"] = marks.labels(want, refs, name)
        place = self.place(want)
        path = links.join(place, self.collection, name)
        after = Observed(want.address, self.created_spec(want), {"id": path, "name": name})
        parameters = {**place, "body": body, "requestId": request_id(refs, want)}
        return call(self.creates, want.address, parameters, after, safe=True)

    @property
    def creates(self) -> str:
        """The action that creates it."""
        return f"{self.collection}.insert"

    def describe(self, want: S, refs: Refs, name: str) -> str:
        """Return its description."""
        return marks.description(want, refs, born=creation_name(want, refs, name))

    def place(self, want: S) -> dict[str, str]:
        """Return the zone or region of its creation: `{"zone": …}`; empty for global."""
        return {}

    @abstractmethod
    def body(self, want: S, refs: Refs) -> dict[str, Any]:
        """Return the body of a creation, without name and owner."""

    def created_spec(self, want: S) -> S:
        """Return the resource as its creation alone leaves it."""
        return want

    def delete(self, seen: Observed[S]) -> Call:
        """Return the request that deletes it."""
        return call(f"{self.collection}.delete", seen.address, links.variables(seen.id), None, safe=True)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """Return the expected state. While the operation runs, the state is pending or deleting."""
        if answer is None or answer.get("status") == DONE_STATUS:
            return call.after
        if call.after is None:
            return evolve(seen, state="deleting", fault=None) if seen else None
        return evolve(call.after, state="pending")

    # Owner

    def own(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Return the call that writes its labels.

        It replaces all labels, so it repeats those of Google's services.
        """
        if refused := marks.refuse_mark(want):
            return refused
        foreign = json.loads(seen.parts.get(FOREIGN, "{}"))
        written = {**foreign, **marks.labels(want, refs, seen.parts["name"])}
        body = {"labels": written, "labelFingerprint": seen.parts.get("labels", "")}
        parameters = {**links.variables(seen.id), "body": body}
        after = with_owner(seen, want)
        return call(f"{self.collection}.setLabels", want.address, parameters, after, safe=True)


def call(
    action: str,
    address: Address,
    parameters: Mapping[str, Any],
    after: Observed[Any] | None,
    *,
    safe: bool = False,
) -> Call:
    """Return a write, with the rate that it counts towards."""
    return Call(action, parameters, address, after, rates=(rates.group(action),), safe=safe)


def request_id(refs: Refs, spec: Any) -> str:
    """Return the id by which Compute Engine recognises a repeated request.

    The operation has the id, too. The id begins with a hash of the resource.
    """
    token = hashlib.sha256(refs.token(spec).encode()).digest()
    return str(uuid.UUID(bytes=_resource_hash(refs.scope, spec.address) + token[:10], version=5))


def is_for(request_id: str, scope: Scope, address: Address) -> bool:
    """Return whether our run requested a change with this id, for this resource."""
    try:
        return uuid.UUID(request_id).bytes.startswith(_resource_hash(scope, address))
    except ValueError:  # of another program: an id can be any text
        return False


def _resource_hash(scope: Scope, address: Address) -> bytes:
    return hashlib.sha256(f"{scope} {address}".encode()).digest()[:6]


def creation_name(want: Any, refs: Refs, native_name: str) -> str:
    """Return the name within a native name, if it differs from the owner's current name."""
    name = marks.owner_name(refs.scope, native_name)
    return name if name != want.name else ""


def _busy(operation: str | None) -> State | None:
    if operation is None:
        return None
    return "deleting" if operation == "delete" else "pending"
