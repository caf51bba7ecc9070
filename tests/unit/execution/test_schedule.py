from portinfra.execution.schedule import Schedule
from portinfra.model.catalogue import Rate
from portinfra.planning.budget import budget
from portinfra.provider.interface import Call


def test_a_bucket_is_half_full_and_then_keeps_the_published_rate():
    schedule = Schedule({"write": Rate(bucket=10, per_second=2)}, now=100.0)
    moments = [schedule.reserve(("write",), 100.0) for _ in range(9)]
    assert moments == [100.0] * 5 + [100.5, 101.0, 101.5, 102.0]


def test_a_class_without_a_published_rate_is_not_limited():
    assert [Schedule({}, 0.0).reserve(("write",), 7.0) for _ in range(3)] == [7.0] * 3


def test_a_call_of_two_classes_waits_for_the_slower():
    schedule = Schedule({"write": Rate(100, 50), "launch": Rate(2, 1)}, 0.0)
    moments = [schedule.reserve(("write", "launch"), 0.0) for _ in range(3)]
    assert moments == [0.0, 1.0, 2.0]


def test_time_that_passes_fills_the_bucket_again():
    schedule = Schedule({"write": Rate(4, 1)}, 0.0)
    assert [schedule.reserve(("write",), 0.0) for _ in range(2)] == [0.0, 0.0]
    assert [schedule.reserve(("write",), 10.0) for _ in range(3)] == [10.0, 10.0, 11.0]


def test_it_goes_slower_when_throttled_and_recovers():
    schedule = Schedule({"write": Rate(4, 1)}, 0.0)
    schedule.slow_down(("write",), 0.0)
    assert schedule.reserve(("write",), 0.0) == 2.0
    for _ in range(100):
        schedule.speed_up(("write",))
    before = schedule.reserve(("write",), 50.0)
    assert before == 50.0
    assert [schedule.reserve(("write",), 50.0) for _ in range(2)] == [50.0, 51.0]


def test_the_floor_is_what_the_schedule_takes():
    rates = {"launch": Rate(5, 2), "write": Rate(50, 5)}
    calls = [Call("Run", rates=("launch",)) for _ in range(90)] + [Call("Tag", rates=("write",))] * 10
    planned = budget(calls, rates)
    assert planned.calls == 100
    assert planned.rates == {"launch": 90, "write": 10}
    schedule = Schedule(rates, 0.0)
    last = max(schedule.reserve(call.rates, 0.0) for call in calls)
    assert planned.floor_seconds == round(last, 1) == 44.0


def test_refusals_of_calls_that_were_under_way_together_slow_it_down_once():
    schedule = Schedule({"write": Rate(4, 1)}, 0.0)
    for _ in range(8):
        schedule.slow_down(("write",), 0.5)
    assert schedule.reserve(("write",), 0.5) == 2.5
