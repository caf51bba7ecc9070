import heapq

from portinfra.execution.call_queue import CallQueue
from portinfra.execution.schedule import Schedule
from portinfra.model.catalogue import Rate


class Timeline:
    """Due times, and a clock that goes from one to the next."""

    def __init__(self):
        self.moment, self.queue, self.sent = 0.0, [], []

    def now(self):
        return self.moment

    def later(self, due, action, *arguments):
        heapq.heappush(self.queue, (due, len(self.queue), action, arguments))

    def run(self, until=1e9):
        while self.queue and self.queue[0][0] <= until:
            due, _, action, arguments = heapq.heappop(self.queue)
            self.moment = max(self.moment, due)
            action(*arguments)


def turns(rates):
    timeline, schedule = Timeline(), Schedule(rates, 0.0)
    return timeline, schedule, CallQueue(schedule, timeline.now, timeline.later)


def join(timeline, line, rank, name, rates=("launch",)):
    line.join(rank, rates, lambda: timeline.sent.append((timeline.moment, name)) or True)


def test_the_most_urgent_goes_first_though_it_came_last():
    timeline, _, line = turns({"launch": Rate(bucket=2, per_second=1)})
    for rank, name in [(3, "c"), (2, "b"), (1, "a")]:
        join(timeline, line, rank, name)
    timeline.run()
    assert timeline.sent == [(0.0, "a"), (1.0, "b"), (2.0, "c")]


def test_calls_without_a_rate_go_at_once():
    timeline, _, line = turns({})
    for name in "abc":
        join(timeline, line, 0, name, rates=())
    timeline.run()
    assert timeline.sent == [(0.0, "a"), (0.0, "b"), (0.0, "c")]


def test_a_provider_that_throttles_slows_down_what_was_waiting_already():
    timeline, schedule, line = turns({"launch": Rate(bucket=2, per_second=1)})
    for rank in range(4):
        join(timeline, line, rank, rank)
    timeline.run(until=0.5)
    schedule.slow_down(("launch",), 0.5)
    timeline.run()
    moments = [moment for moment, _ in timeline.sent]
    assert moments[0] == 0.0
    assert moments[1] >= 2.0
    assert moments[2] - moments[1] == moments[3] - moments[2] == 2.0


def test_what_is_not_sent_after_all_takes_nothing_of_the_rate():
    timeline, _, line = turns({"launch": Rate(bucket=1, per_second=1)})
    for rank in range(100):
        line.join(rank, ("launch",), lambda: False)
    join(timeline, line, 100, "last")
    timeline.run()
    assert timeline.sent == [(1.0, "last")]
