"""What the drivers of every kind share: how Compute Engine tells of a resource, and carries its owner."""

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
class Told:
    """What one observation brought, for whoever reads a single record of it."""

    answers: Answers
    names: Names
    under_way: Mapping[str, str]
    related: Any = None
    """What `relate_records` made of it."""


@frozen
class Owned:
    """A record of ours."""

    record: Record
    mark: Mark

    @property
    def path(self) -> str:
        """Where it is: its native id."""
        return links.path(self.record["selfLink"])


class GcpDriver(LifecycleDriver[S]):
    """One kind that Compute Engine has as a resource of its own. Its name makes it unique in its place."""

    collection: ClassVar[str]
    lists: ClassVar[str]
    """The action that lists it."""
    labelled: ClassVar[bool] = True
    """Whether it has labels; else its owner is written once."""
    has_state: ClassVar[bool] = True
    """Whether its record says that it comes or goes. Else only an operation does, which a run that died may
    have begun.
    """
    name_follows_owner = False
    waits_for_pending = True

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    # Seeing

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """All of the scope; where it is awaited or has no state of its own, first what is under way."""
        needs_operations = bool(only) or not self.has_state
        return (*((reading.operations(),) if needs_operations else ()), self.listing(scope))

    def listing(self, scope: Scope) -> Call:
        """The list of this kind."""
        return reading.list_owned(self.lists, scope)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Everything of the scope. Of two zones' with one name, the one in use is the one."""
        told = Told(answers, names, reading.under_way(answers), self.relate_records(answers, names))
        owned = self.owned_records(answers, names.scope)
        return self.keep_one(
            Copy(self.to_observed(each, told), each.mark.attempt, self.is_used(each)) for each in owned
        )

    def is_empty_double(self, double: Copy[S], first: Copy[S]) -> bool:
        """Return False: a name is unique in its place, so that no attempt of ours explains a double."""
        return False

    def owned_records(self, answers: Answers, scope: Scope) -> Iterable[Owned]:
        """The records of this kind that are ours."""
        for record in reading.records(answers, self.lists):
            mark = marks.read_mark(record, scope, self.spec.kind)
            if mark:
                yield Owned(record, mark)

    def relate_records(self, answers: Answers, names: Names) -> Any:
        """What the records of other lists say about those of this one; asked once an observation."""
        return None

    def is_used(self, each: Owned) -> bool:
        """Whether something else stands on it."""
        return bool(each.record.get("users"))

    def to_observed(self, owned: Owned, told: Told) -> Observed[S]:
        """One record, in the words in which it is declared."""
        path = owned.path
        return Observed(
            owned.mark.address,
            self.to_spec(owned, told),
            {"id": path, "name": owned.record["name"], **self.parts(owned.record)},
            _busy(told.under_way.get(path)) or self.state(owned.record),
            links.place(path) if path.startswith("zones/") else None,
        )

    # Resources of others: only of the kinds that say where a record lies.

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return the list of this kind in our networks, with the records of every owner."""
        names = sorted(each.parts["name"] for each in seen.values() if isinstance(each.spec, Network))
        return self.lists_within(names) if names else ()

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return the lists of all records of this kind in networks of these names."""
        return ()

    def foreign(self, answers: Answers, names: Names) -> list[Foreign]:
        """Return the records that are not ours and lie in a resource of ours."""
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
    """What others' are called, where that is not our kind."""

    def is_ours(self, record: Record, scope: Scope) -> bool:
        """Whether a record belongs to the scope."""
        return marks.read_mark(record, scope, self.spec.kind) is not None

    def homes(self, record: Record) -> Iterable[str]:
        """Return links to what a record lies in, the innermost first."""
        return ()

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> Iterable[Address]:
        """Return our firewalls that apply to a record of others, or that it applies to."""
        return ()

    @abstractmethod
    def to_spec(self, owned: Owned, told: Told) -> S:
        """What a record says, as a declaration."""

    def parts(self, record: Record) -> dict[str, str]:
        """What changing it needs besides its path."""
        if not record.get("labelFingerprint"):
            return {}
        foreign = labels.foreign(record.get("labels") or {})
        kept = {FOREIGN: json.dumps(foreign, sort_keys=True)} if foreign else {}
        return {"labels": record["labelFingerprint"], **kept}

    def state(self, record: Record) -> State:
        """Where a record is on its way, by its own word."""
        return "ready"

    # Acting

    def cannot_create(self, want: S, refs: Refs) -> Refuse | None:
        """Return why it cannot bear its owner and tags."""
        return marks.impossible(want, self.describe(want, refs, refs.free_name(want)))

    def create(self, want: S, refs: Refs) -> Call:
        """The request that makes it, with its owner."""
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
        """The action that makes it."""
        return f"{self.collection}.insert"

    def describe(self, want: S, refs: Refs, name: str) -> str:
        """What its description says."""
        return marks.description(want, refs, born=name_at_birth(want, refs, name))

    def place(self, want: S) -> dict[str, str]:
        """The zone or region that it is made in: `{"zone": …}`; empty: global."""
        return {}

    @abstractmethod
    def body(self, want: S, refs: Refs) -> dict[str, Any]:
        """What a creation says besides name and owner."""

    def created_spec(self, want: S) -> S:
        """What its creation alone brings about."""
        return want

    def delete(self, seen: Observed[S]) -> Call:
        """The request that removes it."""
        return call(f"{self.collection}.delete", seen.address, links.variables(seen.id), None, safe=True)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """The promise; while the operation is under way, on its way there."""
        if answer is None or answer.get("status") == DONE_STATUS:
            return call.after
        if call.after is None:
            return evolve(seen, state="deleting", fault=None) if seen else None
        return evolve(call.after, state="pending")

    # Owning

    def own(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Write its labels. The request replaces all of them, so those of Google's services are repeated."""
        if refused := marks.impossible(want):
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
    """A write, with the rate that it counts towards."""
    return Call(action, parameters, address, after, rates=(rates.group(action),), safe=safe)


def request_id(refs: Refs, spec: Any) -> str:
    """The id by which Compute Engine knows a change that it was asked for before.

    Its operation bears it too: it begins with what tells for which resource it is.
    """
    token = hashlib.sha256(refs.token(spec).encode()).digest()
    return str(uuid.UUID(bytes=_whose(refs.scope, spec.address) + token[:10], version=5))


def is_for(request_id: str, scope: Scope, address: Address) -> bool:
    """Whether a change with this id was asked for by us, for this resource."""
    try:
        return uuid.UUID(request_id).bytes.startswith(_whose(scope, address))
    except ValueError:  # somebody else's: any text will do
        return False


def _whose(scope: Scope, address: Address) -> bytes:
    return hashlib.sha256(f"{scope} {address}".encode()).digest()[:6]


def name_at_birth(want: Any, refs: Refs, native_name: str) -> str:
    """The name in a native name, where it is not the owner's."""
    name = marks.owner_name(refs.scope, native_name)
    return name if name != want.name else ""


def _busy(operation: str | None) -> State | None:
    if operation is None:
        return None
    return "deleting" if operation == "delete" else "pending"
