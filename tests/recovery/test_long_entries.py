"""An entry that is too long for one record goes on in others. A crash leaves all of it, or the one before."""

import pytest
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery

from portinfra.execution.connection import Connection
from portinfra.model.lease import Lease
from portinfra.model.record import TEXT_MAX, Record
from portinfra.model.topology import Role, Topology, Volume
from portinfra.records.entry import read_entries, split_entry
from portinfra.records.holder import this_run
from portinfra.records.lease import read_records, to_text
from portinfra.recovery.ledger.ledger import STRAY_SECONDS, Entry, Ledger
from portinfra.recovery.replication.replicate import replicate
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Crash, Faults, inject_faults
from portinfra.testing.simulation import apply_and_check, simulate

SCOPE = recovery().ledger
SHORT = {"kind": "failover", "id": "1", "occasion": "failover", "epoch": 1, "began": 1.0, "open": True}
LONG = {**SHORT, "restored": "a" * 1500}
LONGER = {**SHORT, "restored": '"' * 900}


@pytest.fixture
def cloud():
    with simulate() as cloud:
        yield cloud


def ledger(there):
    return Ledger.after_settling(there, SCOPE)


def said():
    """What a process that begins now reads."""
    with Connection.to(RECOVERY) as there:
        return [entry.said for entry in ledger(there).entries()]


def records():
    """All records, once lists show them."""
    with Connection.to(RECOVERY) as there:
        ledger(there)
        return read_records(there.reader, SCOPE)


def needed(*entries):
    """How many records these entries need."""
    writer = Lease(0, this_run("ledger"), renew_time=1893456860.123456)
    return sum(len(split_entry(entry, writer)) for entry in entries)


def write(entry, number=None):
    with Connection.to(RECOVERY) as there:
        if number is None:
            return ledger(there).add(entry).number
        known = ledger(there)
        known.entries()
        return known.rewrite(Entry(number, {}), entry).number


def test_a_long_entry_takes_as_many_records_as_it_needs_and_lets_them_go(cloud):
    with Connection.to(RECOVERY) as there:
        known = ledger(there)
        entry = known.add(LONG)
        assert said() == [LONG]
        assert len(records()) == needed(LONG) > 1
        assert all(len(record.text) <= TEXT_MAX for record in records())
        for each in (LONGER, LONG, LONGER, SHORT):
            known.rewrite(entry, each)
            assert said() == [each]
            assert len(records()) == needed(each)


def test_a_reader_whose_list_is_late_finds_the_entry_before(cloud):
    with Connection.to(RECOVERY) as there, Connection.to(RECOVERY) as other:
        known = ledger(there)
        entry = known.add(LONG)
        known.settle()
        known.rewrite(entry, LONGER)
        assert read_entries(read_records(other.reader, SCOPE)).entries == {entry.number: LONG}


def test_a_reader_whose_list_shows_half_of_an_entry_reads_again(cloud):
    write(LONG)
    torn = iter([True, True])  # also after the wait for what another process wrote last

    def half(provider, call):
        answer = provider.perform(call)
        if call.action == "ListClaims" and next(torn, False):
            answer = {**answer, "records": answer["records"][1:]}
        return answer

    with wrap_calls("fake", half):
        assert said() == [LONG]


def test_a_process_that_has_not_read_an_entry_rewrites_it_and_its_rest(cloud):
    number = write(LONG)
    with Connection.to(RECOVERY) as there:
        ledger(there).rewrite(Entry(number, {}), LONGER)
    assert said() == [LONGER]
    assert len(records()) == needed(LONGER)


def test_an_entry_that_was_damaged_counts_until_it_is_rewritten(cloud):
    number = write(LONG)
    with Connection.to(RECOVERY) as there:
        damaged = Record(number, to_text(Lease(number, this_run("x")), "?"))
        there.caller.with_retries(there.provider.records.write(SCOPE, damaged))
        known = ledger(there)
        assert len(known.unreadable()) == 1
        known.rewrite(Entry(number, {}), SHORT)
        assert not known.unreadable(), "although lists show the damaged one for a while"


def test_two_processes_number_long_entries_apart(cloud):
    other = {**LONG, "id": "2"}
    write(LONG)
    with Connection.to(RECOVERY) as one, Connection.to(RECOVERY) as two:
        first, second = ledger(one), ledger(two)
        assert len(first.entries()) == len(second.entries()) == 1
        first.add(other)
        second.add({**LONG, "id": "3"})
    assert [entry["id"] for entry in said()] == ["1", "2", "3"]
    assert len(records()) == 3 * needed(LONG)


def test_a_long_entry_that_is_removed_leaves_nothing(cloud):
    write(LONG)
    with Connection.to(RECOVERY) as there:
        known = ledger(there)
        for entry in known.entries():
            known.remove(entry)
        assert known.removed_count == 1
    assert said() == []
    assert len(records()) == 1, "its number stays taken"


def remove_strays():
    with Connection.to(RECOVERY) as there:
        ledger(there).remove_strays()


ACTIONS = ("CreateClaim", "WriteClaim", "DeleteClaim")


@pytest.mark.parametrize("mishap", ["dies before", "dies after"])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_crash_leaves_one_of_the_two_entries_whole_and_nothing_for_long(cloud, action, mishap):
    number = write(LONG)
    with inject_faults("fake", Faults(at=action, mishap=mishap)), pytest.raises(Crash):
        write(LONGER, number)
    assert said() in ([LONG], [LONGER])
    write(LONGER, number)
    assert said() == [LONGER]
    cloud.clock.sleep_until(cloud.clock.now() + STRAY_SECONDS + 1)
    write({**SHORT, "id": "2"})
    remove_strays()
    assert said() == [LONGER, {**SHORT, "id": "2"}]
    assert len(records()) == needed(LONGER, SHORT)


@pytest.mark.parametrize("mishap", ["dies before", "dies after"])
def test_a_crash_of_an_addition_leaves_all_of_it_or_nothing(cloud, mishap):
    with inject_faults("fake", Faults(at="CreateClaim", mishap=mishap)), pytest.raises(Crash):
        write(LONGER)
    assert said() == []
    with Connection.to(RECOVERY) as there:
        assert not ledger(there).unreadable()


@pytest.mark.parametrize("action", ACTIONS[:2])
def test_an_entry_whose_answer_was_lost_is_written_once(cloud, action):
    number = write(LONG)
    with inject_faults("fake", Faults(at=action, mishap="answer lost")):
        write(LONGER, number)
        write({**LONG, "id": "2"})
    assert said() == [LONGER, {**LONG, "id": "2"}]


def test_a_rest_of_a_process_that_still_writes_is_left_alone(cloud):
    with inject_faults("fake", Faults(at="CreateClaim", mishap="dies after")), pytest.raises(Crash):
        write(LONG)
    write({**SHORT, "id": "2"})
    assert len(records()) == 2, "its process may live, and name it a moment later"


def acts_between_rest_and_entry(act):
    """Return a hand that acts after the first record of a rest, before the entry's own record."""
    acted = []

    def hand(provider, call):
        answer = provider.perform(call)
        if call.action == "CreateClaim" and not acted:
            acted.append(True)
            act()
        return answer

    return wrap_calls("fake", hand)


def lets_an_hour_pass(cloud, act):
    """To the clock of the run that acts, a record of the run before it is more than an hour old."""

    def late():
        cloud.clock.sleep_until(cloud.clock.now() + STRAY_SECONDS + 1)
        act()

    return late


@pytest.mark.parametrize("writes", ["adds", "rewrites"])
def test_no_addition_of_a_run_whose_clock_is_ahead_deletes_the_rest_of_another_run(cloud, writes):
    number = write(LONG)
    other = {**SHORT, "id": "2"}
    with acts_between_rest_and_entry(lets_an_hour_pass(cloud, lambda: write(other))):
        mine = write({**LONG, "id": "3"}) if writes == "adds" else write(LONGER, number)
    assert mine
    with Connection.to(RECOVERY) as there:
        assert not ledger(there).unreadable()
    assert other in said()
    assert ({**LONG, "id": "3"} if writes == "adds" else LONGER) in said()


def test_a_run_writes_a_rest_again_that_another_run_deleted_before_the_entry_named_it(cloud):
    number = write(LONG)
    with acts_between_rest_and_entry(lets_an_hour_pass(cloud, remove_strays)):
        write(LONGER, number)
    assert said() == [LONGER]


def test_strays_are_left_where_an_entry_cannot_be_read(cloud):
    with inject_faults("fake", Faults(at="CreateClaim", mishap="dies after")), pytest.raises(Crash):
        write(LONG)
    write({**SHORT, "v": 99})
    cloud.clock.sleep_until(cloud.clock.now() + STRAY_SECONDS + 1)
    remove_strays()
    assert len(records()) == 2, "a newer version may name that rest"


def test_a_replication_deletes_the_rest_of_a_dead_run(cloud):
    db = Role("db", count=1, volumes=[Volume("data", gib=10)], waive=FEW)
    about = recovery(topology=Topology("shop", [db], []), waves=[["db"]])
    apply_and_check(about.topology, PRODUCTION)
    with inject_faults("fake", Faults(at="CreateClaim", mishap="dies after")), pytest.raises(Crash):
        write(LONG)
    dead = {record.number for record in records()}
    for hours in range(2):
        cloud.clock.sleep_until(cloud.clock.now() + hours * (STRAY_SECONDS + 1))
        assert {record.number for record in records()} >= dead
        assert replicate(about, now=True, run_options=ONE).succeeded
    assert not {record.number for record in records()} & dead
