"""The ledger of a target: its points, drills and takeovers.

It lies in the target's cloud, in numbered records: two runs that write at the same time write two records.
The points of one run are lines of one record. An entry that is too long for one record continues in others. A
run rewrites its own entries under its lease. It rewrites an entry of another run only after it has read that
entry again under the lease of that run: then that run has ended, or is dead.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from attrs import evolve, field

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
from portinfra.records.lines import find_line, is_same, join_lines, split_lines
from portinfra.recovery.ledger.entries import Unreadable, unreadable
from portinfra.value import frozen

STRAY_SECONDS = 3600.0
"""Retention deletes the rest of an entry that no entry names, where it is older than this many seconds."""

STRAY_PAUSE_SECONDS = 60.0
"""The seconds between two reads that must both show such a rest: its age compares the clocks of two
machines.
"""


@frozen
class Entry:
    """One entry: its number and its fields."""

    number: int
    """The number of its record. Entries of one record are of one run and of one moment."""
    said: JsonObject
    """Plain values: `kind`, `id`, whether it is `open` (its run may write more), and the other fields of its
    kind.
    """
    by: str = field(default="", eq=False)
    """The operator who wrote it last, as `user@host`; empty where that is not known."""

    @property
    def kind(self) -> str:
        """`point`, `drill`, `run`, `failover`, `stood` or `standby`."""
        return str(self.said.get("kind", ""))

    @property
    def open(self) -> bool:
        """Whether its run may write more: a point on its way, a drill or takeover that has not ended."""
        return bool(self.said.get("open", False))


@frozen
class Contents:
    """The contents of a ledger."""

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
    """The numbers of records that this process has removed, while lists still show them."""
    _removed: list[Entry] = field(init=False, factory=list)
    """The entries that this process has removed."""
    _found: dict[int, JsonObject] = field(init=False, factory=dict)
    """Number → the fields of the record when this process read it last."""
    _written: dict[int, JsonObject] = field(init=False, factory=dict)
    """Number → the fields that this process wrote last, while lists may still show the earlier ones."""
    _rests: dict[int, tuple[int, ...]] = field(init=False, factory=dict)
    """Number → the records that hold the rest of an entry, as this process has read or written them."""
    _used: set[int] = field(init=False, factory=set)
    """The numbers that this process has read or created."""
    _writers: dict[int, str] = field(init=False, factory=dict)
    """Number of an entry → the operator who wrote it last."""

    @classmethod
    def after_settling(cls, place: Connection, scope: Scope) -> "Ledger":
        """Return a ledger whose lists show all earlier writes."""
        ledger = cls(place, scope)
        ledger.settle()
        return ledger

    def settle(self) -> None:
        """Wait until lists show all earlier writes: the last writer may have died a moment ago."""
        clock = self.place.provider.clock
        clock.sleep_until(clock.now() + self.place.provider.capabilities.visibility_seconds)

    def entries(self, kind: str = "") -> list[Entry]:
        """Return the entries of one kind or of all, without those that cannot be read."""
        return [entry for entry in self.read().entries if kind in ("", entry.kind)]

    def unreadable(self) -> tuple[Unreadable, ...]:
        """Return the entries that cannot be read."""
        return self.read().unreadable

    def read(self) -> Contents:
        """Return all entries, and those that cannot be read. Every other read of the ledger calls this."""
        found = {**self._read().entries, **self._written}
        entries, problems = list[Entry](), list[Unreadable]()
        for number, said in sorted(found.items()):
            for line in split_lines(said) if number not in self._gone else ():
                if problem := unreadable(number, line):
                    problems.append(problem)
                else:
                    entries.append(Entry(number, line, self._writers.get(number, "")))
        return Contents(tuple(entries), tuple(problems))

    @property
    def removed_count(self) -> int:
        """The number of entries that this process has removed."""
        return len(self._removed)

    def add(self, said: JsonObject) -> Entry:
        """Add an entry. Its kind and `id` identify it, so it is written once."""
        return self.add_all([said])[0]

    def add_all(self, lines: Sequence[JsonObject]) -> list[Entry]:
        """Add entries in one record: a crash leaves all of them or none. Each is added once, as by `add`."""
        if not lines:
            return []
        said = join_lines(lines)
        writer = self._writer(said)
        first, *more = split_entry(said, writer)
        rest: tuple[int, ...] | None = None
        for _ in range(TAKEN_MAX):
            written = self._read()
            for number, there in written.entries.items():
                if any(find_line(lines, line) for line in split_lines(there)):
                    self._change(number, lambda old: _merge(old, lines))
                    return [Entry(number, line) for line in lines]
            rest = self._create_rest(more, writer) if rest is None else rest
            created = self._create(first_note(first, rest), writer)
            if created is not None:
                self._written[created], self._rests[created] = said, rest
                self._restore_rest(rest, more, writer)
                return [Entry(created, line) for line in lines]
        raise self._no_number()

    def rewrite(self, entry: Entry, said: JsonObject) -> Entry:
        """Replace the fields of an entry."""
        return self.rewrite_all([(entry, said)])[0]

    def rewrite_all(self, changes: Iterable[tuple[Entry, JsonObject]]) -> list[Entry]:
        """Replace the fields of entries: those of one record in one write."""
        changes = list(changes)
        for number in dict.fromkeys(entry.number for entry, _ in changes):
            mine = [(entry.said, said) for entry, said in changes if entry.number == number]
            self._change(number, lambda old, mine=mine: _replace(old, mine))  # type: ignore[misc]
        return [evolve(entry, said=said) for entry, said in changes]

    def remove(self, *entries: Entry) -> None:
        """Remove entries. A record is deleted with its last entry, and its number is never used again."""
        for number in dict.fromkeys(entry.number for entry in entries):
            mine = [entry.said for entry in entries if entry.number == number]
            lines = self._lines(number)
            left = [line for line in lines if find_line(mine, line) is None]
            if left and len(lines) > 1:
                self._write(number, join_lines(left))
                continue
            self._delete_entry(number)
            self._written.pop(number, None)
        self._removed.extend(entries)

    def find_strays(self) -> frozenset[int]:
        """Return the records of old rests that no entry names: a run died before it wrote the entry. Where an
        entry cannot be read, return none: a newer version may name a rest in another form.
        """
        return frozenset() if self.unreadable() else self._read().strays

    def remove_strays(self) -> None:
        """Delete the rests that `find_strays` returns before and after a pause."""
        strays, clock = self.find_strays(), self.place.provider.clock
        lag = self.place.provider.capabilities.visibility_seconds
        clock.sleep_until(clock.now() + max(lag, STRAY_PAUSE_SECONDS))
        self._delete(strays & self.find_strays())

    def _lines(self, number: int) -> list[JsonObject]:
        """Return the entries of a record, as this process wrote or read them last."""
        if number not in self._written and number not in self._found:
            self._read()
        return split_lines(self._written.get(number, self._found.get(number, {})))

    def _change(self, number: int, change: Callable[[list[JsonObject]], list[JsonObject]]) -> None:
        self._write(number, join_lines(change(self._lines(number))))

    def _write(self, number: int, said: JsonObject) -> None:
        """Replace the fields of a record."""
        writer = self._writer(said)
        first, *more = split_entry(said, writer)
        if more:
            self._read()  # it finds free numbers, and the numbers of the earlier rest
        before, rest = self._rests.get(number, ()), self._create_rest(more, writer)
        record = _record(number, writer, first_note(first, rest))
        self.place.caller.with_retries(self.place.provider.records.write(self.scope, record))
        self._written[number], self._rests[number] = said, rest
        self._restore_rest(rest, more, writer)
        self._delete(before)

    def _read(self) -> Written:
        """Return the fields of the records, once lists show the last writes of other processes: an open entry
        may have been closed a moment ago. Where lists show only a part of an entry, it reads again. Of the
        strays, it returns only old ones.
        """
        records = read_records(self.place.reader, self.scope)
        leases = [to_lease(record) for record in records]
        last = max(leases, key=lambda lease: (not lease.released, lease.renew_time), default=None)
        clock, lag = self.place.provider.clock, self.place.provider.capabilities.visibility_seconds
        if not self._written and wait_for_lists(last, self.place.provider):
            records = read_records(self.place.reader, self.scope)
        written = read_entries(records)
        if written.torn - self._written.keys():
            clock.sleep_until(clock.now() + lag)
            records = read_records(self.place.reader, self.scope)
            written = read_entries(records)
        leases = [to_lease(record) for record in records]
        for lease in leases:
            holder = lease.holder_identity
            self._writers[lease.number] = "" if holder == UNKNOWN else f"{holder.user}@{holder.host}"
        self._used.update(record.number for record in records)
        self._found.update(written.entries)
        for number, rest in written.rests.items():
            if number not in self._written:
                self._rests[number] = rest
        before = self.place.now() - STRAY_SECONDS
        highest = max((record.number for record in records), default=0)
        old = {lease.number for lease in leases if lease.renew_time < before}
        return evolve(written, strays=written.strays & old - {highest})

    def _create_rest(self, pieces: Iterable[str], writer: Lease) -> tuple[int, ...]:
        """Create records for these pieces, and return their numbers."""
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

    def _restore_rest(self, rest: Sequence[int], pieces: Sequence[str], writer: Lease) -> None:
        """Create the records of a rest again if another run deleted them before the entry named them. Lists
        may be late, so this reads none.
        """
        for number, piece in zip(rest, pieces, strict=True):
            record = _record(number, writer, rest_note(piece))
            with suppress(AlreadyExists, OutcomeUnknown):
                self.place.caller.with_retries(self.place.provider.records.create(self.scope, record))

    def _create(self, note: str, writer: Lease) -> int | None:
        """Create a record, and return its number; None where another run may have created it first."""
        number = max(self._used, default=0) + 1
        record = _record(number, writer, note)
        try:
            self.place.caller.with_retries(self.place.provider.records.create(self.scope, record))
        except (AlreadyExists, OutcomeUnknown):
            self.place.provider.clock.sleep_until(self.place.provider.clock.now() + TAKEN_PAUSE_SECONDS)
            return None
        self._used.add(number)
        return number

    def _delete(self, numbers: Iterable[int]) -> None:
        for number in sorted(numbers):
            with suppress(NotFound):  # it was removed before, and lists were late
                self.place.caller.with_retries(self.place.provider.records.delete(self.scope, number))
            self._gone.add(number)

    def _delete_entry(self, number: int) -> None:
        """Delete the record of an entry, and its rest. Where no record has a higher number, it stays as an
        empty rest, so that no later entry gets that number. Retention deletes it once a higher number exists.
        """
        rest = self._rests.pop(number, ())
        if number < max(self._used - self._gone - {*rest}, default=0):
            self._delete([number])
        else:
            empty = _record(number, self._writer({}), rest_note(""))
            with suppress(NotFound):
                self.place.caller.with_retries(self.place.provider.records.write(self.scope, empty))
        self._delete(rest)
        self._gone.add(number)

    def _writer(self, said: JsonObject) -> Lease:
        """Return this run as the writer of an entry: it holds the record until the entry is closed."""
        ended = not said.get("open", False)
        now = self.place.now()
        return Lease(0, holders.this_run("ledger"), renew_time=now, released=ended)

    def _no_number(self) -> PortinfraError:
        return PortinfraError(
            f"no entry could be added to the ledger {self.scope}",
            fix="Another run writes to it. Wait until it ends, and run the same command again.",
        )


def _record(number: int, writer: Lease, note: str) -> Record:
    return Record(number, to_text(evolve(writer, number=number), note))


def _replace(lines: list[JsonObject], changes: Sequence[tuple[JsonObject, JsonObject]]) -> list[JsonObject]:
    """Return the lines of a record with changed fields. The only line of a record need not be known."""
    if len(lines) == 1 and len(changes) == 1:
        return [said for _, said in changes]
    return [next((said for old, said in changes if is_same(old, line)), line) for line in lines]


def _merge(lines: list[JsonObject], new: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the lines of a record with new ones, which replace those of the same entries."""
    return [*(line for line in lines if find_line(new, line) is None), *new]
