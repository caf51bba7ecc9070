"""The provider contract. A provider implements this file, and those `abilities` that its cloud has.

Drivers think; core acts. A driver compares the wanted with the seen resource and returns the next call. It
does no I/O, keeps no state and is right from any incomplete state, so a crash needs no special path. Only
core performs calls: it journals, paces, counts and retries each one.

The laws, which the conformance suite tests:
 1. An empty difference and no extras ⇔ `next_call` is DONE.
 2. Same arguments, same call. (Iterate over what is sorted.)
 3. Each call's `after` is nearer to DONE than what was seen before it.
 4. The call that creates a resource gives it its owner: no resource exists without one.
 5. A deletion deletes only what has the right owner, name and place.
 6. Traffic that is allowed before and after a change of rules passes after every call.
Core keeps two laws. Acceptance is not progress: a call that changes nothing is a failed try. And one cause is
reported once: after a quota, a permission or a key has refused a creation, core makes no equal call.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import count
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from attrs import evolve, field

from portinfra.errors import ProviderError
from portinfra.model.address import Address, Owner, Scope
from portinfra.model.batch import Batch
from portinfra.model.catalogue import Capabilities, Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Foreign, Observed
from portinfra.model.plain import JsonObject
from portinfra.model.progress import Awaited
from portinfra.model.record import Record
from portinfra.model.resources import Spec
from portinfra.provider.own_code import find_id
from portinfra.value import frozen

S = TypeVar("S", bound=Spec)

Answer = JsonObject
"""What a call returned, parsed: plain mappings, lists, strings and numbers."""


@frozen(cache_hash=True)
class Call:
    """One request, not yet sent. Reads have no `address`. Core sends equal reads once, so it is hashable."""

    action: str
    """The provider's own name of the action: `CreateSubnet`."""
    parameters: JsonObject = field(factory=dict, repr=False, hash=False)
    address: Address | None = None
    """The resource that a write is for; of a record, `record_address(number)`."""
    after: Observed[Any] | None = field(default=None, hash=False)
    """The resource once the call has succeeded and settled; None: it is gone."""
    fills: Mapping[str, str] = field(factory=dict, hash=False)
    """Part → dotted path in the answer to its id: `{"id": "subnet.id"}`. The answer must have it."""
    rates: tuple[str, ...] = ()
    """The rate classes of which it takes one token each: names of `Catalogue.rates`, if that has any."""
    place: str | None = None
    """The zone or connection of a read. If the read fails, the place is unknown and not empty."""
    safe: bool = False
    """Whether repeating it changes nothing: by nature, or with a token. It has no meaning for a read."""
    optional: bool = False
    """Whether core can do without this read. Core sends it once; if it fails, its answer is absent."""
    batch: Batch | None = field(default=None, hash=False)
    """How core may join it with equal `safe` calls. `absorb` gets the answer to the whole request."""
    joined: "tuple[Call, ...]" = field(default=(), hash=False)
    """The calls that this request joins, which core sets."""
    goes_first: bool = False
    """Whether core reads it before the others, which it makes at the same time: it lists running changes."""
    awaits: Awaited | None = field(default=None, hash=False)
    """What it waits for, where that may take long."""

    @property
    def reads(self) -> bool:
        """Whether it only reads."""
        return self.address is None


@frozen
class Wait:
    """Nothing to do until the provider has progressed. Core then reads once for all that wait."""

    reason: str
    """In a few words: `starting`."""


@frozen
class Refuse:
    """The change is impossible, in place or by replacement. The plan shows it before an apply."""

    reason: str
    fix: str = ""


class Done(Enum):
    """Nothing is left to do."""

    DONE = "done"


DONE = Done.DONE

NextCall = Call | Wait | Refuse | Done


@frozen
class Names:
    """What `assemble` may call to find the owner of a native id."""

    scope: Scope
    by_id: Mapping[str, Address]
    """Native id of a main part → address, of all kinds assembled before this one."""

    def address_of(self, native_id: str | None) -> Address | None:
        """Return the address of the resource with this id; None where it is not portinfra's."""
        return self.by_id.get(native_id) if native_id else None


@frozen
class Refs:
    """What `next_call` may call about the references of its resource, all of which exist."""

    scope: Scope
    attempt: str
    """The id of the run. It is part of the owner of each resource that the run creates."""
    seen: Mapping[Address, Observed[Any]]
    """The existing resources. A wanted reference is always among them when `want` is not None."""
    removals: Mapping[Address, int] = field(factory=dict)
    """How often this run has seen a resource deleted. A client token ends with its resource."""
    rules_max: int | None = None
    """How many rules one firewall may have in each direction; None: any number."""

    def token(self, spec: Spec) -> str:
        """Return the client token that creates a resource: the same until that resource is gone."""
        return f"{self.scope.hash}-{self.attempt}-{spec.address}-{self.removals.get(spec.address, 0)}"

    def id(self, address: Address | None) -> str:
        """Return the native id of a referenced resource."""
        return self.seen[address].id if address else ""

    def owner(self, spec: Spec) -> Owner:
        """Return the owner that a new resource must have from its first moment."""
        return Owner(self.scope, spec.address, self.attempt)

    def name(self, spec: Spec) -> str:
        """Return the native name of a resource."""
        return self.scope.native_name(spec.name)

    def free_name(self, spec: Spec) -> str:
        """Return the native name of a new resource: one that no renamed resource has in `parts["name"]`."""
        taken = {
            seen.parts.get("name")
            for address, seen in self.seen.items()
            if address.kind == spec.kind and address != spec.address
        }
        names = (spec.name if number == 1 else f"{spec.name}-{number}" for number in count(1))
        return next(name for name in map(self.scope.native_name, names) if name not in taken)


class Driver(ABC, Generic[S]):
    """How one provider creates, reads, changes and deletes one kind of resource. All pure."""

    spec: ClassVar[type[Any]]
    """The kind: `Subnet`."""
    replaces: frozenset[str] = frozenset()
    """Fields of the spec that cannot change in place."""
    interrupts: frozenset[str] = frozenset()
    """Fields that change in place while the host is down for a moment."""
    holds: frozenset[str] = frozenset()
    """References whose replacement replaces this too: they cannot be deleted or changed while this exists."""
    cannot_show: frozenset[str] = frozenset()
    """Fields that this provider can neither store nor return. Core never compares or sends them."""
    renames: bool = True
    """Whether the owner can be rewritten in place (`seen.address` differs from `want.address`)."""

    @abstractmethod
    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """Return the reads that find all of this kind in the scope. Core shares equal reads between kinds.
        With `only`, a narrower read may return just these resources.
        """

    @abstractmethod
    def assemble(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Observed[S]]:
        """Return the existing resources, from the pages of each call of `survey` that succeeded.

        It groups native parts by owner; any may be missing. Of duplicates, the one in use is primary, else
        the first by attempt. Others are `extras` if they are ours and empty, else values that core reports.
        """

    def takes(self, spec: S, catalogue: Catalogue) -> Mapping[str, int]:
        """Return how much one resource uses of quotas that count another unit: `{"CPUS": 4}`."""
        return {}

    def detail(self, seen: Observed[S]) -> Call | None:
        """Return the read of what no list returned, until nothing is UNSEEN."""
        return None

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return the reads that find foreign resources in or on what is `seen`; by default none."""
        return ()

    def foreign(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Foreign]:
        """Return the foreign resources of this kind that are inside a resource of ours or use one."""
        return []

    @abstractmethod
    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Return the next single call towards `want` (None: delete) from `seen` (None: it does not exist).

        `want` is bound: zones, machine types and image ids are the provider's own. Core requests a
        replacement as a deletion and then a creation, so it never passes a difference in `replaces`.
        """

    def enforce(self, seen: Observed[S], refs: Refs) -> tuple[Call, ...]:
        """Return `safe` calls for the end of an apply: they enforce definitions that no read can verify."""
        return ()

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """Return the resource after the call, by its answer; with None, by its promise (a dry step).

        By default `call.after`, with ids from `call.fills`. Override it where an answer can say `pending`.
        """
        if call.after is None:
            return None
        parts = dict(call.after.parts)
        for part, path in call.fills.items():
            parts[part] = f"({part})" if answer is None else find_id(path, answer, call.action, call.address)
        return evolve(call.after, parts=parts)


class RecordDriver(ABC):
    """How one provider keeps the records of a scope: resources with a numbered name and a text. All pure.

    The laws, which the conformance suite tests:
    1. A number is created once: if two runs create it, one gets AlreadyExists.
    2. A text is read as it was written: 1 to `TEXT_MAX` characters of printable ASCII, quotes and
       backslashes too. Core escapes all others. A provider does not interpret a text.
    3. A write replaces the whole text, a deletion takes only that record; NotFound where there is none.

    These calls have the address `record_names.record_address(number)`. Only `create` is not `safe`.
    """

    quota: ClassVar[str] = ""
    """The kind of the quota of which each record takes one; empty: the catalogue has no quota of records."""

    @abstractmethod
    def survey(self, scope: Scope) -> Call:
        """Return the read that finds every record of the scope."""

    @abstractmethod
    def assemble(self, answers: Sequence[Answer]) -> list[Record]:
        """Return the records, from the pages of the read. A damaged text does not fail."""

    @abstractmethod
    def create(self, scope: Scope, record: Record) -> Call:
        """Return the call that creates a record with its text."""

    @abstractmethod
    def write(self, scope: Scope, record: Record) -> Call:
        """Return the call that replaces the text of a record."""

    @abstractmethod
    def delete(self, scope: Scope, number: int) -> Call:
        """Return the call that deletes a record."""


class Clock(Protocol):
    """The provider's time. The simulator's is virtual."""

    virtual: bool
    """Whether sleeping costs nothing."""

    def now(self) -> float:
        """Return the seconds since 1970."""

    def sleep_until(self, moment: float) -> None:
        """Return when `now()` is at least `moment`."""


class Provider(Protocol):
    """One connected location. Several threads may use it. Call `close` at the end."""

    name: str
    capabilities: Capabilities
    clock: Clock
    drivers: Mapping[type[Spec], Driver[Any]]
    """Kind → driver, in the order of `KINDS`. Only kinds whose capability is False may be missing."""
    records: RecordDriver

    def account_calls(self) -> tuple[Call, ...]:
        """Return the reads that `account_of` needs: few, since every plan begins with them."""

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the account of the credentials. Pure."""

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the identity of the credentials, from the same answers; empty: not known. Pure."""

    def catalogue_calls(self) -> tuple[Call, ...]:
        """Return the reads that `catalogue` needs. Core makes them only if there is something to do."""

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        """Return what this location offers. Pure."""

    def perform(self, call: Call) -> Answer:
        """Send one request. It never sleeps and never retries. It raises the native error."""

    def more(self, call: Call, answer: Answer) -> Call | None:
        """Return the call for the next page; None after the last."""

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        """Return the places that a successful answer reports as unreachable (a partial list)."""

    def classify(self, error: Exception) -> ProviderError:
        """Return portinfra's error for a native one, by what the caller should do. Only it translates."""

    def close(self) -> None:
        """Close the connections."""


class ProviderPlugin(Protocol):
    """A provider as installed: an entry point in group `portinfra.providers`.

    Works offline, without credentials and without its native library. It also inherits the class of each
    optional ability that it has, and portinfra finds it by `isinstance(plugin, Grants)` alone.
    """

    name: str
    capabilities: Capabilities
    sizes: Mapping[str, str]
    """The published table of logical sizes: `{"small": "t3.small", …}`."""
    images: tuple[str, ...]
    """The logical images that it knows."""
    native: Mapping[str, str]
    """The options that `Role(native={NAME: {…}})` may set, each with one line of what it does."""

    def connect(self, environment: Environment) -> Provider:
        """Return the connected location of an environment. It imports the native library."""
