"""Several entries in one record: each is read as it was written, and one alone as version 0.1.0 wrote it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portinfra.records.lines import (
    LINES,
    SAME,
    find_line,
    from_note,
    join_lines,
    split_lines,
    to_note,
)
from portinfra.recovery.ledger.entries import VERSION, unreadable

DB = {"kind": "point", "id": "1", "group": "db", "taken": 1.0, "count": 1, "digest": "d", "open": True}
FILES = {**DB, "id": "2", "group": "files"}

values = st.sampled_from(["", "x", 0, 1, 2, 1.0, 1.5, True, False, None])
entries = st.dictionaries(st.sampled_from(["kind", "id", "open", "v", "count", "key"]), values)


@given(st.lists(entries, min_size=1, max_size=5))
def test_entries_are_read_as_they_were_written(lines):
    if len(lines) == 1 and LINES not in lines[0]:
        assert join_lines(lines) == lines[0]
    found = split_lines(join_lines(lines))
    assert [sorted(map(repr, each.items())) for each in found] == [
        sorted(map(repr, each.items())) for each in lines
    ], "1, 1.0 and true are three values"


def test_what_all_lines_say_is_written_once():
    said = join_lines([DB, FILES])
    assert said[LINES] == [{"id": "1", "group": "db"}, {"id": "2", "group": "files"}]
    assert said[SAME]["digest"] == "d"


def test_a_record_is_open_while_one_of_its_lines_is():
    closed = {**DB, "open": False}
    assert join_lines([closed, FILES])["open"] is True
    assert join_lines([closed, {**FILES, "open": False}])["open"] is False


def test_a_version_that_knows_no_lines_reads_no_json_object_in_their_note():
    """Version 0.1.0 removes the snapshots of points that are in no entry, if it can read all entries."""
    note = to_note(join_lines([DB, FILES]))
    assert not note.startswith("{")
    assert split_lines(from_note(note)) == [DB, FILES]
    assert from_note(to_note(DB)) == json.loads(to_note(DB)) == DB


@pytest.mark.parametrize("note", ["", "?", "[1]", "lines: ", "lines: [1]", "lines: {"])
def test_a_note_that_is_damaged_says_nothing(note):
    assert from_note(note) == {}


def test_each_line_is_judged_by_itself():
    said = join_lines([DB, FILES])
    del said[LINES][0]["id"]
    problems = [unreadable(7, line) for line in split_lines(said)]
    assert [str(each) if each else "" for each in problems] == ["entry 7 (point): id is missing", ""]


DAMAGES = {
    "no line": {LINES: []},
    "lines of another type": {LINES: "x"},
    "a line that is no object": {LINES: [3]},
    "common fields of another type": {SAME: "x"},
    "a newer version": {"v": VERSION + 1},
    "another version": {"v": "soon"},
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_record_of_another_form_is_one_unreadable_entry(damage):
    (only,) = split_lines({**join_lines([DB, FILES]), **damage})
    assert unreadable(7, only)


def test_an_entry_is_found_by_its_kind_and_id():
    assert find_line([DB, FILES], {"kind": "point", "id": "2"}) == FILES
    assert find_line([DB, FILES], {"kind": "drill", "id": "2"}) is None
