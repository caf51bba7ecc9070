"""Whatever a transaction writes, removes or takes back: every store holds what a dictionary would."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from portinfra.testing.fake import MemoryStore, SqliteStore

TABLES, KEYS = ("hosts", "volumes"), ("a", "b", "c")


class Broken(Exception):
    """An error that leaves a transaction."""


class Watched:
    """A store, and the rows as its watchers know them from the changes that the store reported."""

    def __init__(self, store):
        self.store = store
        self.reported = {table: {} for table in TABLES}
        for table in TABLES:
            store.watch(table, self._watcher(table))

    def _watcher(self, table):
        rows = self.reported[table]

        def changed(before, after):
            key = (after or before)["id"]
            assert rows.pop(key, None) == before
            if after:
                rows[key] = after

        return changed

    def holds(self, expected):
        """Whether rows, single reads and watchers all agree with the dictionary."""
        with self.store.transaction():  # so that a store on a file reads what other processes wrote
            rows = {table: dict(self.store.rows(table)) for table in TABLES}
            single = {t: {k: row for k in KEYS if (row := self.store.get(t, k))} for t in TABLES}
        return rows == single == self.reported == expected


tables, keys = st.sampled_from(TABLES), st.sampled_from(KEYS)
steps = st.deferred(
    lambda: st.lists(
        st.one_of(
            st.tuples(st.just("put"), tables, keys, st.integers(0, 2)),
            st.tuples(st.just("drop"), tables, keys),
            st.tuples(st.just("undo"), steps),
        ),
        max_size=6,
    )
)
transactions = st.lists(st.tuples(steps, st.booleans(), st.booleans(), st.sets(tables)), max_size=6)
"""Each is a list of steps, whether it is committed, whether the process without watchers makes it, and which
tables that process reads afterwards. The steps of an `undo` are taken, and taken back.
"""


def carry_out(store, steps):
    for kind, *given_ in steps:
        if kind == "put":
            table, key, number = given_
            store.put(table, key, {"id": key, "number": number})
        elif kind == "drop":
            store.drop(*given_)
        else:
            mark = store.mark()
            carry_out(store, given_[0])
            store.undo(mark)


def expect(tables, steps):
    """The same steps on plain dictionaries."""
    after = {table: dict(rows) for table, rows in tables.items()}
    for kind, *given_ in steps:
        if kind == "put":
            table, key, number = given_
            after[table][key] = {"id": key, "number": number}
        elif kind == "drop":
            table, key = given_
            after[table].pop(key, None)
    return after


def transact(store, steps, *, commit):
    """One transaction, which an error ends where it is not to be committed."""
    try:
        with store.transaction():
            carry_out(store, steps)
            if not commit:
                raise Broken
    except Broken:
        pass


@given(transactions)
def test_every_store_holds_what_a_plain_dictionary_would(drawn):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cloud.db")
        in_memory, on_file = Watched(MemoryStore()), Watched(SqliteStore(path))
        other_process, without_watchers = Watched(SqliteStore(path)), SqliteStore(path)
        expected = {table: {} for table in TABLES}
        for steps, commit, by_other, read in drawn:
            transact(in_memory.store, steps, commit=commit)
            transact(without_watchers if by_other else on_file.store, steps, commit=commit)
            if commit:
                expected = expect(expected, steps)
            assert all(each.holds(expected) for each in (in_memory, on_file, other_process))
            with without_watchers.transaction():
                assert {table: without_watchers.rows(table) for table in read} == {
                    table: expected[table] for table in read
                }
        opened_later = Watched(SqliteStore(path))
        assert opened_later.holds(expected)
        for each in (in_memory, on_file, other_process, opened_later):
            each.store.close()
        without_watchers.close()


def test_a_transaction_that_changes_nothing_writes_nothing(tmp_path):
    one, other = (SqliteStore(tmp_path / "cloud.db") for _ in range(2))
    transact(one, [("put", "hosts", "a", 1)], commit=True)
    log = tmp_path / "cloud.db-wal"
    before = log.stat().st_size
    for store in (one, other):
        transact(store, [], commit=True)
        transact(store, [("drop", "hosts", "b")], commit=True)
    assert log.stat().st_size == before


def test_a_process_that_never_saw_a_row_is_not_told_of_its_end(tmp_path):
    one, other = (Watched(SqliteStore(tmp_path / "cloud.db")) for _ in range(2))
    transact(one.store, [("put", "hosts", "a", 1), ("drop", "hosts", "a")], commit=True)
    transact(one.store, [("put", "hosts", "b", 1)], commit=True)
    transact(one.store, [("drop", "hosts", "b")], commit=True)
    assert other.holds({table: {} for table in TABLES})
