"""The text of a ledger's entries: in one record where it fits, else in several."""

import json

from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from portinfra.model.lease import Holder, Lease
from portinfra.model.record import TEXT_MAX, Record
from portinfra.records.entry import first_note, read_entries, rest_note, split_entry
from portinfra.records.lease import to_text

WRITER = Lease(0, Holder("ada", "desk", "boot-1", "100:1:ledger"), renew_time=1767604699.5499997)


def record(number, note):
    return Record(number, to_text(evolve(WRITER, number=number), note))


def records_of(said, first=20):
    """The records of an entry, whose rest has the numbers before it."""
    piece, *more = split_entry(said, WRITER)
    rest = range(first - len(more), first)
    parts = [record(number, rest_note(text)) for number, text in zip(rest, more, strict=True)]
    return [*parts, record(first, first_note(piece, rest))]


values = st.text(max_size=900) | st.lists(st.sampled_from(['"', "\\", "é", "x"]), max_size=600).map("".join)


@given(st.dictionaries(st.text(max_size=20), values | st.integers() | st.booleans(), max_size=8))
@example({"quotes": '"' * 900, "backslashes": "\\" * 900})
def test_an_entry_of_any_length_is_read_as_it_was_written(said):
    records = records_of(said)
    assert all(len(record.text) <= TEXT_MAX for record in records)
    assert read_entries(records).entries == {20: said}
    assert read_entries(records).strays == frozenset()


def test_a_short_entry_is_written_as_version_0_1_0_wrote_it():
    said = {"kind": "point", "open": True}
    (only,) = records_of(said)
    assert json.loads(only.text)["note"] == '{"kind":"point","open":true}'


def test_a_long_note_of_an_older_version_is_read():
    note = json.dumps({"points": "x" * 1100})
    text = json.dumps({"number": 3, "holder": {}, "note": note})
    assert read_entries([Record(3, text)]).entries == {3: {"points": "x" * 1100}}


def test_a_version_that_knows_no_rest_cannot_read_any_record_of_a_long_entry():
    for each in records_of({"points": "x" * 2000}):
        note = json.loads(each.text)["note"]
        assert not note.startswith("{")


def test_an_entry_whose_rest_is_gone_cannot_be_read():
    *rest, own = records_of({"points": "x" * 2500})
    assert len(rest) > 1
    written = read_entries([*rest[1:], own])
    assert (written.entries, written.torn) == ({20: {}}, {20})


def test_a_rest_that_no_entry_names_is_a_stray_and_no_entry():
    *rest, _ = records_of({"points": "x" * 1500})
    written = read_entries([*rest, record(21, '{"kind":"point"}')])
    assert written.entries == {21: {"kind": "point"}}
    assert written.strays == {each.number for each in rest}


def test_what_is_no_object_cannot_be_read():
    assert read_entries([record(1, "[1]"), record(2, "?"), Record(3, "damaged")]).entries == {
        1: {},
        2: {},
        3: {},
    }
