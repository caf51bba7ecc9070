from portinfra.execution.poll_schedule import POLL_MAX_SECONDS, POLL_SECONDS, PollSchedule


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
