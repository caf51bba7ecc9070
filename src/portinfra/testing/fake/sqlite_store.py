"""The same tables in one SQLite file, for several processes at once. It survives SIGKILL at any moment.

A process reads a table when it first uses it, and keeps its rows in memory. It writes through. Each
transaction that changes something has a number. A process that finds a higher number than it knows reads the
rows written since, of the tables that it uses.
"""

import json
import sqlite3
import time
from pathlib import Path

from portinfra.testing.fake.store import MemoryStore, Record

BUSY_SECONDS = 60.0
"""How long a transaction waits for those of other processes, in seconds."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS world (
    one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER, now REAL, serial INTEGER
);
CREATE TABLE IF NOT EXISTS rows (tbl TEXT, key TEXT, body TEXT, version INTEGER, PRIMARY KEY (tbl, key));
CREATE INDEX IF NOT EXISTS rows_by_version ON rows (version);
"""

_encode = json.JSONEncoder(separators=(",", ":")).encode


class SqliteStore(MemoryStore):
    """The store of the simulator in a file. Several threads may use it: one connection behind one lock."""

    def __init__(self, path: Path | str) -> None:
        super().__init__()
        self._version = 0
        self._saved = (0.0, 0)
        """The time and the serial number in the file."""
        self._connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._prepare()
        with self.transaction():
            pass

    def tables(self) -> list[str]:
        """Return the names of all tables in the file, sorted."""
        with self._lock:
            names = self._connection.execute("SELECT DISTINCT tbl FROM rows")
            return sorted({*super().tables(), *(name for (name,) in names)})

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def moment(self) -> float:
        """Return the time in the file, in seconds since the epoch."""
        with self._lock:
            if not self._depth:
                (self.now,) = self._connection.execute("SELECT now FROM world").fetchone()
            return self.now

    def _read_table(self, table: str) -> dict[str, Record]:
        # Ordered by key, which counts up: pages of lists need the oldest row first.
        found = self._connection.execute(
            "SELECT key, body FROM rows WHERE tbl = ? AND body IS NOT NULL ORDER BY key", (table,)
        )
        return {key: _decode(table, key, body) for key, body in found}

    def _prepare(self) -> None:
        self._insist("PRAGMA journal_mode=WAL")
        # The file must survive the death of a process and not of the machine, so no write waits for the disk.
        self._connection.execute("PRAGMA synchronous=OFF")
        self._insist("BEGIN IMMEDIATE")
        for statement in _SCHEMA.strip().split(";\n"):
            self._connection.execute(statement)
        self._connection.execute("INSERT OR IGNORE INTO world VALUES (1, 0, ?, 0)", (self.now,))
        self._connection.execute("COMMIT")

    def _insist(self, statement: str) -> None:
        """Retry a change of the journal's mode, which does not wait for other processes by itself."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute(statement)
                return
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        version, now, serial = self._connection.execute("SELECT version, now, serial FROM world").fetchone()
        self.now: float = now
        self.serial: int = serial
        self._saved = (now, serial)
        if version == self._version:
            return
        if self._tables:
            self._read_changes()
        self._version = version

    def _read_changes(self) -> None:
        changed = self._connection.execute(
            "SELECT tbl, key, body FROM rows WHERE version > ? ORDER BY key", (self._version,)
        )
        for table, key, body in changed:
            if table in self._tables:
                self._set(table, key, None if body is None else _decode(table, key, body))

    def _commit(self) -> None:
        changed = dict.fromkeys((table, key) for table, key, _ in self._undo)
        if not changed and self._saved == (self.now, self.serial):
            self._connection.execute("COMMIT")
            return
        version = self._version + 1
        self._connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?) ON CONFLICT (tbl, key) "
            "DO UPDATE SET body = excluded.body, version = excluded.version",
            [(table, key, self._body(table, key), version) for table, key in changed],
        )
        self._connection.execute(
            "UPDATE world SET version = ?, now = ?, serial = ?", (version, self.now, self.serial)
        )
        self._connection.execute("COMMIT")
        self._version = version

    def _abort(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _body(self, table: str, key: str) -> str | None:
        """Return a row as text; None for a deleted one, so that other processes learn of the deletion."""
        record = self.get(table, key)
        return None if record is None else _encode(record)


def _decode(table: str, key: str, body: str) -> Record:
    try:
        record: Record = json.loads(body)
    except ValueError as error:
        raise sqlite3.DatabaseError(f"row {key} of {table} is no JSON: {error}") from error
    return record
