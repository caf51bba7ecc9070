import pytest

from portinfra.execution.poll_schedule import (
    POLL_MAX_SECONDS,
    POLL_SECONDS,
    READ_SHARE,
    RESOURCE_SECONDS,
    PollSchedule,
)


def test_looks_become_rarer_with_the_time_waited():
    waiting = PollSchedule(began=0.0)
    assert [waiting.pause("instance", waited) for waited in (0, 20, 40, 400)] == [
        POLL_SECONDS,
        5.0,
        10.0,
        POLL_MAX_SECONDS,
    ]


def test_it_learns_how_long_a_kind_takes_and_looks_when_it_should_be_there():
    waiting = PollSchedule(began=0.0)
    waiting.learn("instance", 30.0)
    waiting.learn("instance", 34.0)
    assert waiting.pause("instance", 0) == 30.0
    assert waiting.pause("instance", 30) == POLL_SECONDS
    assert waiting.pause("instance", 50) == 5.0
    assert waiting.pause("volume", 0) == POLL_SECONDS


def test_a_look_for_one_serves_all_whom_it_can_tell_anything():
    waiting = PollSchedule(began=0.0)
    assert waiting.expect("a", due=3.1, earliest=0.0) == 4.0
    waiting.expect("b", due=30.0, earliest=2.0)
    waiting.expect("written just now", due=30.0, earliest=8.0)
    assert waiting.due(3.9) == []
    assert waiting.due(4.0) == ["a", "b"]
    waiting.leave("a")
    assert waiting.due(4.0) == []
    assert waiting.next_due() == 30.0


def test_nobody_waits():
    assert PollSchedule(began=0.0).next_due() is None


@pytest.mark.parametrize("resources", [1, 90, 900, 10_000])
@pytest.mark.parametrize("hosts_a_second", [0.1, 2.0])
def test_reads_take_at_most_their_share_of_the_time(resources, hosts_a_second):
    waiting, reads = PollSchedule(began=0.0), []
    waiting.note_read(resources)
    for number in range(1000):
        sent = number / hosts_a_second
        reads.append(waiting.expect(number, due=sent + 5.0, earliest=sent + 5.0))
    time_of_reads = len(set(reads)) * resources * RESOURCE_SECONDS
    assert time_of_reads <= READ_SHARE * max(reads)


def test_few_resources_make_no_read_rarer_and_fewer_resources_make_reads_frequent_again():
    waiting = PollSchedule(began=0.0)
    for resources, pause in ((250, POLL_SECONDS), (2000, 8 * POLL_SECONDS), (250, POLL_SECONDS)):
        waiting.note_read(resources)
        assert waiting.pause("volume", 0) == pause


def test_a_read_that_was_scheduled_before_reads_became_rarer_shares_their_moments():
    waiting = PollSchedule(began=0.0)
    waiting.note_read(2000)
    moments = {waiting.expect(number, due=number, earliest=0.0) for number in range(1, 65)}
    assert all(moment % POLL_SECONDS == 0 for moment in moments)
    assert moments == {16.0, 32.0, 48.0, 64.0}
