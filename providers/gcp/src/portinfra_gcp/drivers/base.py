"""What the drivers of every kind share: whose a record is, and the order of `next_call`'s questions."""

import hashlib
import uuid
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve, frozen

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed, S, State
from portinfra.provider.interface import DONE, Answer, Call, Driver, Names, NextCall, Refs, Refuse, Wait
from portinfra_gcp import links, marks, rates
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.reading import Answers, Record
from portinfra_gcp.keys import Keyring
from portinfra_gcp.marks import Mark

DONE_STATUS = "DONE"


@frozen
class Told:
    """What one observation brought, for whoever reads a single record of it."""

    answers: Answers
    names: Names
    under_way: Mapping[str, str]
    related: Any = None
    """What `related` made of it."""


@frozen
class Owned:
    """A record of ours."""

    record: Record
    mark: Mark

    @property
    def path(self) -> str:
        """Where it is: its native id."""
        return links.path(self.record["selfLink"])


class GcpDriver(Driver[S]):
    """One kind that Compute Engine has as a resource of its own. Its name makes it unique in its place."""

    collection: ClassVar[str]
    lists: ClassVar[str]
    """The action that lists it."""
    labelled: ClassVar[bool] = True
    """Whether it has labels; else its owner is written once."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    # Seeing

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """All of the scope; of what is awaited, first what is under way."""
        return (*((reading.operations(),) if only else ()), self.listing(scope))

    def listing(self, scope: Scope) -> Call:
        """The list of this kind."""
        return reading.owned(self.lists, scope)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Everything of the scope. Of two zones' with one name, the one in use is the one."""
        told = Told(answers, names, reading.under_way(answers), self.related(answers, names))
        owned = sorted(self.owned(answers, names.scope), key=lambda each: (not self.used(each), each.path))
        return [self.observed(each, told) for each in owned]

    def owned(self, answers: Answers, scope: Scope) -> Iterable[Owned]:
        """The records of this kind that are ours."""
        for record in reading.records(answers, self.lists):
            mark = marks.read(record, scope, self.spec.kind)
            if mark:
                yield Owned(record, mark)

    def related(self, answers: Answers, names: Names) -> Any:
        """What the records of other lists say about those of this one; asked once an observation."""
        return None

    def used(self, each: Owned) -> bool:
        """Whether something else stands on it."""
        return bool(each.record.get("users"))

    def observed(self, owned: Owned, told: Told) -> Observed[S]:
        """One record, in the words in which it is declared."""
        path = owned.path
        return Observed(
            owned.mark.address,
            self.seen_spec(owned, told),
            {"id": path, "name": owned.record["name"], **self.parts(owned.record)},
            _busy(told.under_way.get(path)) or self.state(owned.record),
            links.place(path) if path.startswith("zones/") else None,
        )

    @abstractmethod
    def seen_spec(self, owned: Owned, told: Told) -> S:
        """What a record says, as a declaration."""

    def parts(self, record: Record) -> dict[str, str]:
        """What changing it needs besides its path."""
        return {"labels": record["labelFingerprint"]} if record.get("labelFingerprint") else {}

    def state(self, record: Record) -> State:
        """Where a record is on its way, by its own word."""
        return "ready"

    # Acting

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Make, wait, delete, take over, change: the first of these that is needed.

        Nothing is asked of what an operation is under way with, not even to go: it would be refused.
        """
        if seen is None:
            return DONE if want is None else self.create(want, refs)
        if seen.state != "ready" and not seen.fault:
            return Wait("being deleted" if seen.state == "deleting" else "being made ready")
        if want is None or seen.fault:
            return self.remove(seen)
        if self.renames and self._says_otherwise(want, seen):
            return self._own(want, seen, refs)
        return DONE if want == seen.spec else self.update(want, seen, refs)

    def create(self, want: S, refs: Refs) -> NextCall:
        """The request that makes it, with its owner."""
        name = refs.free_name(want)
        text = self.describe(want, refs, name)
        if refused := marks.impossible(want, text):
            return refused
        body = {"name": name, "description": text, **self.body(want, refs)}
        if self.labelled:
            body["labels"] = marks.labels(want, refs, name)
        place = self.place(want)
        path = links.join(place, self.collection, name)
        after = Observed(want.address, self.as_made(want), {"id": path, "name": name})
        parameters = {**place, "body": body, "requestId": request_id(refs, want)}
        return call(self.creates, want.address, parameters, after, safe=True)

    @property
    def creates(self) -> str:
        """The action that makes it."""
        return f"{self.collection}.insert"

    def describe(self, want: S, refs: Refs, name: str) -> str:
        """What its description says."""
        return marks.description(want, refs, born=born(want, refs, name))

    def place(self, want: S) -> dict[str, str]:
        """The zone or region that it is made in: `{"zone": …}`; empty: global."""
        return {}

    @abstractmethod
    def body(self, want: S, refs: Refs) -> dict[str, Any]:
        """What a creation says besides name and owner."""

    def as_made(self, want: S) -> S:
        """What its creation alone brings about."""
        return want

    def update(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """The next request that brings it closer; a kind that has none never differs in place."""
        return Refuse(f"{want.address} cannot change in place", "Replace it: --replace " + want.address)

    def remove(self, seen: Observed[S]) -> NextCall:
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

    def _says_otherwise(self, want: S, seen: Observed[S]) -> bool:
        return seen.address != want.address or any(
            getattr(want, name, None) != getattr(seen.spec, name, None) for name in ("tags", "protect")
        )

    def _own(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Rewrite what it says of itself."""
        if refused := marks.impossible(want):
            return refused
        labels = marks.labels(want, refs, seen.parts["name"])
        body = {"labels": labels, "labelFingerprint": seen.parts.get("labels", "")}
        parameters = {**links.variables(seen.id), "body": body}
        return call(f"{self.collection}.setLabels", want.address, parameters, owning(want, seen), safe=True)


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


def born(want: Any, refs: Refs, native_name: str) -> str:
    """The name in a native name, where it is not the owner's."""
    name = marks.owner_name(refs.scope, native_name)
    return name if name != want.name else ""


def owning(want: Any, seen: Observed[Any]) -> Observed[Any]:
    """What is there once its owner, tags and protection were rewritten."""
    said = {name: getattr(want, name) for name in ("tags", "protect") if hasattr(want, name)}
    return evolve(seen, address=want.address, spec=evolve(seen.spec, name=want.name, **said))


def _busy(operation: str | None) -> State | None:
    if operation is None:
        return None
    return "deleting" if operation == "delete" else "pending"
