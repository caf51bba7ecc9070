"""Tables of plain JSON records, and the time: all that the simulator remembers.

A record is never changed in place: `put` replaces it. So an undo is a list of what was there before, and a
copy of the store may share its records.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Record = dict[str, Any]
Watcher = Callable[[Record | None, Record | None], None]
"""Told of each row that changes, before and after; None: no row."""

EPOCH = 1_893_456_000.0
"""The moment at which every simulated world begins: 2030-01-01T00:00:00Z."""


class MemoryStore:
    """Everything in dictionaries. May be copied, and forked with its process."""

    def __init__(self) -> None:
        self.now = EPOCH
        self.serial = 0
        """Counts everything that was ever made; ids are made from it."""
        self._tables: dict[str, dict[str, Record]] = {}
        self._watchers: dict[str, list[Watcher]] = {}
        self._undo: list[tuple[str, str, Record | None]] = []
        self._lock = threading.RLock()
        self._depth = 0

    def copy(self) -> "MemoryStore":
        """Another world, equal to this one as it is now."""
        twin = MemoryStore()
        with self._lock:
            twin.now, twin.serial = self.now, self.serial
            twin._tables = {name: dict(rows) for name, rows in self._tables.items()}
        return twin

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One request's effect: all of it or, when an error leaves this block, nothing."""
        with self._lock:
            if self._depth:  # the outermost block decides
                yield
                return
            self._depth += 1
            before = (self.now, self.serial)
            try:
                self._begin()
                yield
                self._commit()
            except BaseException:
                self.undo(0)
                self.now, self.serial = before
                self._abort()
                raise
            finally:
                self._undo.clear()
                self._depth -= 1

    def moment(self) -> float:
        """The time, which other processes may have moved on."""
        return self.now

    def mark(self) -> int:
        """Where in this transaction we are; for `undo`."""
        return len(self._undo)

    def undo(self, mark: int) -> None:
        """Take back every change of rows since the mark."""
        while len(self._undo) > mark:
            table, key, before = self._undo.pop()
            self._set(table, key, before)

    def rows(self, table: str) -> dict[str, Record]:
        """The rows of a table, oldest first. Not to be changed but through `put` and `drop`."""
        rows = self._tables.get(table)
        if rows is None:
            rows = self._tables[table] = {}
        return rows

    def tables(self) -> list[str]:
        """The names of all tables, sorted."""
        return sorted(self._tables)

    def get(self, table: str, key: str) -> Record | None:
        """One row, or None."""
        return self.rows(table).get(key)

    def put(self, table: str, key: str, record: Record) -> None:
        """Write a row, within a transaction. The record is the store's from then on."""
        self._undo.append((table, key, self.rows(table).get(key)))
        self._set(table, key, record)

    def drop(self, table: str, key: str) -> None:
        """Remove a row, within a transaction; fine if there is none."""
        before = self.rows(table).get(key)
        if before is not None:
            self._undo.append((table, key, before))
            self._set(table, key, None)

    def watch(self, table: str, watcher: Watcher) -> None:
        """Tell of every row there is, and of every change from here on."""
        with self._lock:
            self._watchers.setdefault(table, []).append(watcher)
            for record in self.rows(table).values():
                watcher(None, record)

    def close(self) -> None:
        """Let go of files."""

    def _set(self, table: str, key: str, record: Record | None) -> None:
        rows = self.rows(table)
        before = rows.get(key)
        if before is None and record is None:
            return  # another process made and removed this row before this one looked: no row changes here
        if record is None:
            del rows[key]
        else:
            rows[key] = record
        for watcher in self._watchers.get(table, ()):
            watcher(before, record)

    def _begin(self) -> None:
        """See what other processes did."""

    def _commit(self) -> None:
        """Make it last."""

    def _abort(self) -> None:
        """Forget it."""
