"""The ledger of a target: which points exist, which drills began, which failover is under way.

It lies in the target's cloud, in numbered records, one an entry: two runs that write at the same time write
two entries. An entry that is too long for one record goes on in others. Only the run that wrote an entry
rewrites it, or one that knows that run to be dead.
"""

from collections.abc import Iterable
from contextlib import suppress

from attrs import evolve, field, frozen

from portinfra.errors import AlreadyExists, NotFound, OutcomeUnknown, PortinfraError
from portinfra.execution.connection import Connection
from portinfra.execution.lease import TAKEN_MAX, TAKEN_PAUSE_SECONDS, wait_for_lists
from portinfra.model.address import Scope
from portinfra.model.lease import Lease
from portinfra.model.plain import JsonObject
from portinfra.model.record import Record
from portinfra.records import holder as holders
from portinfra.records.entry import Written, first_note, read_entries, rest_note, split_entry
from portinfra.records.lease import UNKNOWN, read_records, to_lease, to_text
from portinfra.recovery.ledger.entries import Unreadable, unreadable

STRAY_SECONDS = 3600.0
"""The rest of an entry that no entry names, and that is older than this, is deleted: its run is over."""


@frozen
class Entry:
    """One entry: its number, and what it says."""

    number: int
    said: JsonObject
    """Plain values: `kind`, `id`, whether it is `open` (more is to come), and what else its kind says."""
    by: str = field(default="", eq=False)
    """The operator who wrote it last: `user@host`; empty where that is not known."""

    @property
    def kind(self) -> str:
        """`point`, `drill`, `run`, `failover`, `stood` or `standby`."""
        return str(self.said.get("kind", ""))

    @property
    def open(self) -> bool:
        """Whether more is to come: a point on its way, a drill or failover that has not ended."""
        return bool(self.said.get("open", False))


@frozen
class Contents:
    """What a ledger holds."""

    entries: tuple[Entry, ...]
    """The entries, the oldest first. The number of an entry decides which of two is newer."""
    unreadable: tuple[Unreadable, ...]
    """The entries that this version cannot read."""


@frozen
class Ledger:
    """All entries of one scope, the oldest first."""

    place: Connection
    scope: Scope
    _gone: set[int] = field(init=False, factory=set)
    """Numbers of entries that this process has removed, while lists still show them."""
    _written: dict[int, JsonObject] = field(init=False, factory=dict)
    """What this process wrote last, while lists may still show what was there before."""
    _rests: dict[int, tuple[int, ...]] = field(init=False, factory=dict)
    """The records that hold the rest of an entry, as this process has read or written them."""
    _used: set[int] = field(init=False, factory=set)
    """The numbers that this process has read or created."""
    _writers: dict[int, str] = field(init=False, factory=dict)
    """Number of an entry → who wrote it last."""

    @classmethod
    def settled(cls, place: Connection, scope: Scope) -> "Ledger":
        """A ledger whose lists show all that was ever written."""
        ledger = cls(place, scope)
        ledger.settle()
        return ledger

    def settle(self) -> None:
        """Wait until lists show all that was ever written: whoever wrote last may have died just now."""
        clock = self.place.provider.clock
        clock.sleep_until(clock.now() + self.place.provider.capabilities.visibility_seconds)

    def entries(self, kind: str = "") -> list[Entry]:
        """The entries, of one kind or of all, without those that cannot be read."""
        return [entry for entry in self.read().entries if kind in ("", entry.kind)]

    def unreadable(self) -> tuple[Unreadable, ...]:
        """Return the entries that cannot be read."""
        return self.read().unreadable

    def read(self) -> Contents:
        """Return all entries, and those that cannot be read. Every other reading of the ledger uses this."""
        found = {**self._read().entries, **self._written}
        said = {number: said for number, said in sorted(found.items()) if number not in self._gone}
        problems = {number: unreadable(number, each) for number, each in said.items()}
        return Contents(
            tuple(
                Entry(number, each, self._writers.get(number, ""))
                for number, each in said.items()
                if problems[number] is None
            ),
            tuple(problem for problem in problems.values() if problem),
        )

    @property
    def removed(self) -> int:
        """How many entries this process has removed."""
        return len(self._gone)

    def add(self, said: JsonObject) -> Entry:
        """A new entry; `said["id"]` tells it from every other of its kind, so that it is written once."""
        writer = self._writer(said)
        first, *more = split_entry(said, writer)
        rest: tuple[int, ...] | None = None
        for _ in range(TAKEN_MAX):
            written = self._read()
            for number, there in written.entries.items():
                if (there.get("kind"), there.get("id")) == (said["kind"], said["id"]):
                    return self.rewrite(Entry(number, there), said)
            rest = self._create_rest(more, writer) if rest is None else rest
            created = self._create(first_note(first, rest), writer)
            if created is not None:
                self._written[created], self._rests[created] = said, rest
                self._delete(written.strays)
                return Entry(created, said)
        raise self._no_number()

    def rewrite(self, entry: Entry, said: JsonObject) -> Entry:
        """Let an entry say something else."""
        writer, number = self._writer(said), entry.number
        first, *more = split_entry(said, writer)
        if more:
            self._read()  # the numbers that are free, and those of the rest before
        before, rest = self._rests.get(number, ()), self._create_rest(more, writer)
        record = _record(number, writer, first_note(first, rest))
        self.place.caller.insisting(self.place.provider.records.write(self.scope, record))
        self._written[number], self._rests[number] = said, rest
        self._delete(before)
        return evolve(entry, said=said)

    def remove(self, entry: Entry) -> None:
        """Remove an entry."""
        self._delete([entry.number])
        self._delete(self._rests.pop(entry.number, ()))
        self._written.pop(entry.number, None)
        self._gone.add(entry.number)

    def _read(self) -> Written:
        """What the records say, once lists show what another process wrote last: an entry that is still open
        may have been closed a moment ago. Where lists show no more than a part of an entry, it reads again.
        Of the strays, it returns only those that are old.
        """
        records = read_records(self.place.reader, self.scope)
        leases = map(to_lease, records)
        last = max(leases, key=lambda lease: (not lease.released, lease.renew_time), default=None)
        clock, lag = self.place.provider.clock, self.place.provider.capabilities.visibility_seconds
        if not self._written and wait_for_lists(last, clock, lag):
            records = read_records(self.place.reader, self.scope)
        if read_entries(records).torn - self._written.keys():
            clock.sleep_until(clock.now() + lag)
            records = read_records(self.place.reader, self.scope)
        written = read_entries(records)
        for lease in map(to_lease, records):
            holder = lease.holder_identity
            self._writers[lease.number] = "" if holder == UNKNOWN else f"{holder.user}@{holder.host}"
        self._used.update(record.number for record in records)
        for number, rest in written.rests.items():
            if number not in self._written:
                self._rests[number] = rest
        before = clock.now() - STRAY_SECONDS
        old = {lease.number for lease in map(to_lease, records) if lease.renew_time < before}
        return evolve(written, strays=written.strays & old)

    def _create_rest(self, pieces: Iterable[str], writer: Lease) -> tuple[int, ...]:
        """The numbers of new records that hold these pieces."""
        numbers = []
        for piece in pieces:
            for _ in range(TAKEN_MAX):
                if (number := self._create(rest_note(piece), writer)) is not None:
                    break
                self._read()
            else:
                raise self._no_number()
            numbers.append(number)
        return tuple(numbers)

    def _create(self, note: str, writer: Lease) -> int | None:
        """The number of a new record; None where another run may have created it first."""
        number = max(self._used, default=0) + 1
        record = _record(number, writer, note)
        try:
            self.place.caller.insisting(self.place.provider.records.create(self.scope, record))
        except (AlreadyExists, OutcomeUnknown):
            self.place.provider.clock.sleep_until(self.place.provider.clock.now() + TAKEN_PAUSE_SECONDS)
            return None
        self._used.add(number)
        return number

    def _delete(self, numbers: Iterable[int]) -> None:
        for number in sorted(numbers):
            with suppress(NotFound):  # removed before, and no list said so yet
                self.place.caller.insisting(self.place.provider.records.delete(self.scope, number))

    def _writer(self, said: JsonObject) -> Lease:
        """This run, as the writer of an entry: it holds the record until the entry is closed."""
        ended = not said.get("open", False)
        now = self.place.provider.clock.now()
        return Lease(0, holders.this_run("ledger"), renew_time=now, released=ended)

    def _no_number(self) -> PortinfraError:
        return PortinfraError(
            f"no entry could be added to the ledger {self.scope}",
            fix="Another run is writing to it: wait for it to end, and run this again.",
        )


def _record(number: int, writer: Lease, note: str) -> Record:
    return Record(number, to_text(evolve(writer, number=number), note))
