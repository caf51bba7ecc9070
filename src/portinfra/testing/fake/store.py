"""The memory of the simulator: tables of plain JSON records, and the time.

No code changes a record in place: `put` replaces it. So an undo is a list of former records, and a copy of
the store may share its records.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Record = dict[str, Any]
Watcher = Callable[[Record | None, Record | None], None]
"""A function that receives each changed row before and after the change; None: no row."""

EPOCH = 1_893_456_000.0
"""The moment at which every new store begins: 2030-01-01T00:00:00Z."""


class MemoryStore:
    """A store in dictionaries. It may be copied, and forked with its process."""

    def __init__(self) -> None:
        self.now: float = EPOCH
        self.serial: int = 0
        """The number of all created records. Ids are made from it."""
        self._tables: dict[str, dict[str, Record]] = {}
        self._watchers: dict[str, list[Watcher]] = {}
        self._undo: list[tuple[str, str, Record | None]] = []
        self._lock = threading.RLock()
        self._depth = 0

    def copy(self) -> "MemoryStore":
        """Return another store with equal contents."""
        twin = MemoryStore()
        with self._lock:
            twin.now, twin.serial = self.now, self.serial
            twin._tables = {name: dict(self.rows(name)) for name in self.tables()}
        return twin

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Apply all changes of the block, or none if an error leaves it."""
        with self._lock:
            if self._depth:  # the outermost block commits
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
        """Return the time, which other processes may have moved forward."""
        return self.now

    def mark(self) -> int:
        """Return the current position in this transaction, for `undo`."""
        return len(self._undo)

    def undo(self, mark: int) -> None:
        """Undo every change of rows since the mark."""
        while len(self._undo) > mark:
            table, key, before = self._undo.pop()
            self._set(table, key, before)

    def rows(self, table: str) -> dict[str, Record]:
        """Return the rows of a table, oldest first. Change them only through `put` and `drop`."""
        if table not in self._tables:
            with self._lock:
                if table not in self._tables:
                    self._tables[table] = self._read_table(table)
        return self._tables[table]

    def tables(self) -> list[str]:
        """Return the names of all tables, sorted."""
        return sorted(self._tables)

    def get(self, table: str, key: str) -> Record | None:
        """Return one row, or None."""
        return self.rows(table).get(key)

    def put(self, table: str, key: str, record: Record) -> None:
        """Write a row, within a transaction. From then on the store owns the record."""
        self._undo.append((table, key, self.rows(table).get(key)))
        self._set(table, key, record)

    def drop(self, table: str, key: str) -> None:
        """Remove a row, within a transaction. A missing row is no error."""
        before = self.rows(table).get(key)
        if before is not None:
            self._undo.append((table, key, before))
            self._set(table, key, None)

    def watch(self, table: str, watcher: Watcher) -> None:
        """Call the watcher for every existing row, and for every later change."""
        with self._lock:
            self._watchers.setdefault(table, []).append(watcher)
            for record in self.rows(table).values():
                watcher(None, record)

    def close(self) -> None:
        """Close the files of the store."""

    def _set(self, table: str, key: str, record: Record | None) -> None:
        rows = self.rows(table)
        before = rows.get(key)
        if before is None and record is None:
            return  # another process created and removed this row since the last read: no row changes here
        if record is None:
            del rows[key]
        else:
            rows[key] = record
        for watcher in self._watchers.get(table, ()):
            watcher(before, record)

    def _read_table(self, table: str) -> dict[str, Record]:
        """Return the rows of a table that is used for the first time, oldest first."""
        return {}

    def _begin(self) -> None:
        """Read the changes of other processes."""

    def _commit(self) -> None:
        """Make the changes permanent."""

    def _abort(self) -> None:
        """Discard the changes."""
