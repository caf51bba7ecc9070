"""The provider contract. A provider implements this file, and of `abilities` what its cloud can do besides.

Drivers think; core acts. A driver compares what is wanted with what is seen and returns the next single call.
It does no I/O, keeps no state and is right from any half-made state, so a crash needs no special path. Only
core performs calls: it journals, paces, counts and retries each one.

The laws, which the conformance suite tests:
 1. An empty difference and no extras ⇔ `next_call` is DONE.
 2. Same arguments, same call. (Iterate over what is sorted.)
 3. Each call's `after` is nearer to DONE than what was seen before it.
 4. The call that creates a resource gives it its owner: no resource exists without one.
 5. A deletion takes only what agrees in owner, expected name and place.
 6. Traffic that is allowed before and after a change of rules passes after every call.
And of core: acceptance is not progress (a call that changes nothing is a failed try), and one cause is told
once (after a quota, a permission or a key has refused a creation, core calls for no equal one).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import count
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from attrs import evolve, field, frozen

from portinfra.errors import ProviderError
from portinfra.model.address import Address, Owner, Scope
from portinfra.model.catalogue import Capabilities, Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Foreign, Observed
from portinfra.model.plain import JsonObject
from portinfra.model.progress import Awaited
from portinfra.model.record import Record
from portinfra.model.resources import Spec
from portinfra.provider.own_code import find_id

S = TypeVar("S", bound=Spec)

Answer = JsonObject
"""What a call brought back, parsed: plain mappings, lists, strings and numbers."""


@frozen(cache_hash=True)
class Call:
    """One request, not yet made. Reads have no `address`. Hashable, so that equal reads are made once."""

    action: str
    """In the provider's own word: `CreateSubnet`."""
    parameters: JsonObject = field(factory=dict, repr=False, hash=False)
    address: Address | None = None
    """The resource that a write is for; of a record, `record_address(number)`."""
    after: Observed[Any] | None = field(default=None, hash=False)
    """What is there once it has succeeded and settled; None: nothing is."""
    fills: Mapping[str, str] = field(factory=dict, hash=False)
    """Part → dotted path in the answer of the id that it gets: `{"id": "subnet.id"}`. It must be there."""
    rates: tuple[str, ...] = ()
    """The rate classes that it takes one token from, each: names of `Catalogue.rates`, if that has any."""
    place: str | None = None
    """The zone or connection that a read asks; when that fails, the place is unknown, not empty."""
    safe: bool = False
    """Whether repeating it changes nothing: idempotent by nature, or with a token. Of a read, nobody asks."""
    optional: bool = False
    """Whether core does without this read. It is made once; if it fails, its answer is absent."""
    awaits: Awaited | None = field(default=None, hash=False)
    """What it waits for while it is made, where that may take long."""

    @property
    def reads(self) -> bool:
        """Whether it only reads."""
        return self.address is None


@frozen
class Wait:
    """Nothing to do until the provider is further. Core looks again, in bulk, for all who wait."""

    reason: str
    """In a few words: `starting`."""


@frozen
class Refuse:
    """It cannot be done, in place or by replacement. Seen in the plan, not at the apply."""

    reason: str
    fix: str = ""


class Done(Enum):
    """Nothing is left to do."""

    DONE = "done"


DONE = Done.DONE

NextCall = Call | Wait | Refuse | Done


@frozen
class Names:
    """What `assemble` may ask: whose a native id is."""

    scope: Scope
    by_id: Mapping[str, Address]
    """Native id of a main part → address, of all kinds assembled before this one."""

    def address_of(self, native_id: str | None) -> Address | None:
        """The address of what bears this id; None where it is not ours."""
        return self.by_id.get(native_id) if native_id else None


@frozen
class Refs:
    """What `next_call` may ask: what its resource refers to, all of it there and settled."""

    scope: Scope
    attempt: str
    """The run that asks; goes into the owner of what it creates."""
    seen: Mapping[Address, Observed[Any]]
    """What is there now. A wanted reference is always among it when `want` is not None."""
    removals: Mapping[Address, int] = field(factory=dict)
    """How often this run has seen a resource go: a client token dies with what it made."""
    rules_max: int | None = None
    """How many rules each way of one firewall may have; None: any number."""

    def token(self, spec: Spec) -> str:
        """The client token for creating a resource: the same until what it made is gone."""
        return f"{self.scope.hash}-{self.attempt}-{spec.address}-{self.removals.get(spec.address, 0)}"

    def id(self, address: Address | None) -> str:
        """The native id of a referenced resource."""
        return self.seen[address].id if address else ""

    def owner(self, spec: Spec) -> Owner:
        """The owner that a new resource must carry from its first moment."""
        return Owner(self.scope, spec.address, self.attempt)

    def name(self, spec: Spec) -> str:
        """The native name of a resource."""
        return self.scope.native_name(spec.name)

    def free_name(self, spec: Spec) -> str:
        """The native name of a new resource; another one where it is `parts["name"]` of a renamed one."""
        taken = {
            seen.parts.get("name")
            for address, seen in self.seen.items()
            if address.kind == spec.kind and address != spec.address
        }
        names = (spec.name if number == 1 else f"{spec.name}-{number}" for number in count(1))
        return next(name for name in map(self.scope.native_name, names) if name not in taken)


class Driver(ABC, Generic[S]):
    """How one provider makes, sees, changes and removes one kind of resource. All pure."""

    spec: ClassVar[type[Any]]
    """The kind: `Subnet`."""
    replaces: frozenset[str] = frozenset()
    """Fields of the spec that cannot change in place."""
    interrupts: frozenset[str] = frozenset()
    """Fields that change in place while the host is down for a moment."""
    holds: frozenset[str] = frozenset()
    """References whose replacement replaces this too: they cannot go while this exists, or be changed."""
    cannot_show: frozenset[str] = frozenset()
    """Fields that this provider can neither keep nor read back: never compared, never sent."""
    renames: bool = True
    """Whether the owner can be rewritten in place (`seen.address` differs from `want.address`)."""

    @abstractmethod
    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """The reads that find all of this kind in the scope; equal reads are shared between kinds. A narrower
        read will do where `only` names the few that are awaited.
        """

    @abstractmethod
    def assemble(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Observed[S]]:
        """What is there, from the pages that each call of `survey` brought; a call that failed is absent.

        Groups native parts by owner and tolerates any missing part. Of doubles, the one in use is primary,
        else the first by attempt; the others are `extras` if ours and empty, else values that core reports.
        """

    def takes(self, spec: S, catalogue: Catalogue) -> Mapping[str, int]:
        """What one resource takes of quotas that count more than resources of a kind: `{"CPUS": 4}`."""
        return {}

    def detail(self, seen: Observed[S]) -> Call | None:
        """The read that tells what no list told, until nothing is UNSEEN."""
        return None

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return the reads that find resources of others in or on what is `seen`; by default none."""
        return ()

    def foreign(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Foreign]:
        """Return what of this kind is not ours, and lies in a resource of ours or is bound to one."""
        return []

    @abstractmethod
    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """The next single call towards `want` (None: gone) from `seen` (None: nothing is there).

        `want` is bound: zones, machine types and image ids are the provider's own. Core asks for a
        replacement as a removal and then a creation; a difference in `replaces` is never handed in.
        """

    def enforce(self, seen: Observed[S], refs: Refs) -> tuple[Call, ...]:
        """Return `safe` calls for the end of an apply: they put in force what no read tells to be so."""
        return ()

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """What is there after the call, by its answer; with None, by its promise (a dry step).

        By default `call.after`, with ids from `call.fills`. Override it where an answer tells of `pending`.
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
     1. A number is created once: of two runs that create it, one gets AlreadyExists.
     2. A text is read as it was written: 1 to `TEXT_MAX` characters of printable ASCII, quotes and
        backslashes too. Core escapes all others. A provider does not look into a text.
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
    """Time, as the provider has it: the simulator's is virtual."""

    virtual: bool
    """Whether sleeping costs nothing."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def sleep_until(self, moment: float) -> None:
        """Return when `now()` is at least `moment`."""


class Provider(Protocol):
    """One live location. Safe to use from several threads; `close` when done."""

    name: str
    capabilities: Capabilities
    clock: Clock
    drivers: Mapping[type[Spec], Driver[Any]]
    """Kind → driver, in the order of `KINDS`: all, but those of capabilities that are False."""
    records: RecordDriver

    def account_calls(self) -> tuple[Call, ...]:
        """The reads that `account_of` needs: as few as can be, since every plan begins with them."""

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """The account that the credentials speak for. Pure."""

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return who the credentials speak for, by the answers of `account_calls`; empty: not told. Pure."""

    def catalogue_calls(self) -> tuple[Call, ...]:
        """The reads that `catalogue` needs. They are made only where something is to be done."""

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        """What this location offers. Pure."""

    def perform(self, call: Call) -> Answer:
        """Make one request. Never sleeps, never retries; raises the native error."""

    def more(self, call: Call, answer: Answer) -> Call | None:
        """The call for the next page; None after the last."""

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        """The places that an answer, though it came, says it could not tell about (a partial list)."""

    def classify(self, error: Exception) -> ProviderError:
        """A native error as one of ours, by what the caller should do. The only place that translates."""

    def close(self) -> None:
        """Let go of connections."""


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
        """The live location of an environment. The native library is imported here."""
