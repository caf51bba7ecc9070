"""A run of `dr replicate` writes one record, however many groups it captures.

Retention removes lines of it, and the record goes with its last line.
"""

import json

import pytest
from turning import passed_later
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery

from portinfra.execution.connection import Connection
from portinfra.model.record import TEXT_MAX, Record
from portinfra.model.recovery import DataPolicy
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology
from portinfra.records.lease import NOTE, read_records
from portinfra.records.lines import from_note, to_note
from portinfra.recovery.ledger.entries import unreadable_line
from portinfra.recovery.ledger.ledger import STRAY_SECONDS, Entry, Ledger
from portinfra.recovery.ledger.points import manifest, points
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.watch.status import status
from portinfra.testing.faults import Crash, Faults, inject_faults
from portinfra.testing.simulation import apply_and_check, simulate

SCOPE = recovery().ledger
GROUPS = ("db", "files", "mail", "wiki")
FOUR = Topology(
    "shop",
    [Role(name, count=1, waive=FEW, volumes=[Volume("data", gib=1, mount="/srv")]) for name in GROUPS],
)


def point(id, group="db", **more):
    return {**manifest(id, group, 1893456000.0, []), "engine": "native", **more}


DB, FILES = point("1"), point("2", "files")
LATER = point("9")
"""Of a later record."""


@pytest.fixture
def cloud():
    with simulate() as cloud:
        yield cloud


@pytest.fixture
def ledger(cloud):
    with Connection.to(RECOVERY) as there:
        yield Ledger.after_settling(there, SCOPE)


def reader(there):
    """A ledger as a process reads it that begins now."""
    return Ledger.after_settling(there, SCOPE)


def change(act):
    """Let a process that begins now change the ledger."""
    with Connection.to(RECOVERY) as there:
        act(reader(there))


def said():
    with Connection.to(RECOVERY) as there:
        return [entry.said for entry in reader(there).entries()]


def records(scope=SCOPE):
    with Connection.to(RECOVERY) as there:
        Ledger.after_settling(there, scope)
        return read_records(there.reader, scope)


def test_entries_of_one_run_take_one_record_and_are_of_one_moment(ledger):
    one, two = ledger.add_all([DB, FILES])
    assert one.number == two.number
    assert [each.said for each in ledger.entries()] == said() == [DB, FILES]
    assert len(records()) == 1


def test_an_entry_alone_is_written_as_version_0_1_0_wrote_it(ledger):
    ledger.add_all([DB])
    (only,) = records()
    assert json.loads(json.loads(only.text)[NOTE]) == DB
    assert ledger.add_all([]) == []


def test_one_line_changes_and_the_others_stay(ledger):
    one, _ = ledger.add_all([DB, FILES])
    closed = {**DB, "open": False}
    ledger.rewrite(one, closed)
    assert [each.said for each in ledger.entries()] == said() == [closed, FILES]


def test_a_process_that_has_read_nothing_changes_one_line_only(ledger):
    one, _ = ledger.add_all([DB, FILES])
    with Connection.to(RECOVERY) as there:
        reader(there).rewrite(Entry(one.number, DB), {**DB, "open": False})
    assert said() == [{**DB, "open": False}, FILES]


def test_a_record_goes_with_its_last_line(ledger):
    one, two = ledger.add_all([DB, FILES])
    ledger.add(LATER)
    ledger.remove(one)
    assert [each.said for each in ledger.entries()] == said() == [FILES, LATER]
    assert (len(records()), ledger.removed_count) == (2, 1)
    ledger.remove(two)
    assert [each.said for each in ledger.entries()] == said() == [LATER]
    assert (len(records()), ledger.removed_count) == (1, 2)


@pytest.mark.parametrize("said_then", [DB, {**DB, "key": "k" * 3000}], ids=["short", "long"])
def test_no_number_is_used_twice_though_the_newest_entry_is_removed(cloud, said_then):
    numbers = []
    for _ in range(3):  # each time by a process that begins then
        change(lambda ledger: numbers.append(ledger.add(said_then).number))
        change(lambda ledger: ledger.remove(*ledger.entries()))
        assert said() == []
    assert numbers == sorted(set(numbers))
    passed_later(cloud, STRAY_SECONDS + 1)
    change(lambda ledger: ledger.add(FILES))
    change(lambda ledger: ledger.remove_strays())
    assert (said(), len(records())) == ([FILES], 1)


def test_lines_that_are_removed_together_take_one_call(ledger):
    both = ledger.add_all([DB, FILES])
    calls = ledger.place.caller.calls
    ledger.remove(*both)
    assert ledger.place.caller.calls == calls + 1


def test_lines_are_added_once_though_the_answer_was_lost(cloud):
    with inject_faults("fake", Faults(at="CreateClaim", mishap="answer lost")):
        change(lambda ledger: ledger.add_all([DB, FILES]))
    assert said() == [DB, FILES]
    assert len(records()) == 1


def test_lines_that_are_too_long_for_a_record_go_on_in_others(ledger):
    long = [point(f"{n}", f"group-{n}", key="k" * 150 + f"{n}") for n in range(9)]
    both = ledger.add_all(long)
    assert said() == long
    assert len(records()) > 1
    assert all(len(record.text) <= TEXT_MAX for record in records())
    ledger.remove(*both[1:])
    assert said() == long[:1]
    assert len(records()) == 1


def test_two_processes_write_two_records(ledger):
    with Connection.to(RECOVERY) as there:
        other = reader(there)
        assert ledger.entries() == other.entries() == []
        ledger.add_all([DB, FILES])
        other.add_all([point("3"), point("4", "files")])
    assert [each["id"] for each in said()] == ["1", "2", "3", "4"]
    assert len(records()) == 2


CLOSED = {**DB, "open": False}
CHANGES = {
    "CreateClaim": ([], lambda ledger: ledger.add_all([DB, FILES]), [DB, FILES]),
    "WriteClaim": (
        [DB, FILES],
        lambda ledger: ledger.rewrite(ledger.entries()[0], CLOSED),
        [CLOSED, FILES],
    ),
    "DeleteClaim": ([DB, FILES], lambda ledger: ledger.remove(*ledger.entries()[:2]), []),
}
"""Action → what the ledger has, a change of it by this action, and what it has then."""


@pytest.mark.parametrize("mishap", ["dies before", "dies after"])
@pytest.mark.parametrize("action", CHANGES)
def test_a_crash_leaves_the_lines_before_or_those_after(cloud, action, mishap):
    before, act, after = CHANGES[action]
    change(lambda ledger: ledger.add_all(before))
    change(lambda ledger: ledger.add(LATER))
    with inject_faults("fake", Faults(at=action, mishap=mishap)), pytest.raises(Crash):
        change(act)
    assert [each for each in said() if each != LATER] == (before if mishap == "dies before" else after)


def test_one_damaged_line_hides_no_other(ledger):
    ledger.add_all([DB, FILES])
    (only,) = records()
    text = json.loads(only.text)
    lines = from_note(text[NOTE])
    del lines["entries"][0]["id"]
    damaged = Record(only.number, json.dumps({**text, NOTE: to_note(lines)}))
    ledger.place.caller.with_retries(ledger.place.provider.records.write(SCOPE, damaged))
    with Connection.to(RECOVERY) as there:
        found = reader(there).read()
    assert [each.said for each in found.entries] == [FILES]
    assert unreadable_line(found.unreadable) == (
        "1 record of the ledger cannot be read (entry 1 (point): id is missing)"
    )


def four(**keep):
    policies = [DataPolicy(name, keep={"last": 2, **keep.get(name, {})}) for name in GROUPS]
    return recovery(topology=FOUR, waves=[list(GROUPS)], rto="9h", data=policies)


@pytest.mark.slow
def test_records_grow_with_the_runs_that_are_kept_and_not_with_groups(cloud):
    apply_and_check(FOUR, PRODUCTION)
    plan = four()
    for _ in range(4):
        assert replicate(plan, now=True, run_options=ONE).succeeded
    assert len(records(plan.ledger)) == 2
    assert all(volume.level == "ok" for volume in status(plan).volumes)
    longer = four(db={"last": 4})
    for _ in range(3):
        assert replicate(longer, now=True, run_options=ONE).succeeded
    assert len(records(plan.ledger)) == 4, "the lines of db are left in two of them"
    with Connection.to(RECOVERY) as there:
        found = points(reader(there).entries())
    assert [each.group for each in found].count("db") == 4
    assert len(found) == 4 + 3 * 2
