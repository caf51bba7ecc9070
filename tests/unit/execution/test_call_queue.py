import heapq

from portinfra.execution.call_queue import CallQueue, Waiting
from portinfra.execution.schedule import Schedule
from portinfra.model.batch import Batch
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

    def send(names):
        timeline.sent.append((timeline.moment, *names))

    queue = CallQueue(schedule, timeline.now, timeline.later, send, lambda name: name != "withdrawn")
    return timeline, schedule, queue


def join(timeline, line, rank, name, rates=("launch",), batch=None, key=""):
    line.join(rank, Waiting(name, rates, batch, key))


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
        join(timeline, line, rank, "withdrawn")
    join(timeline, line, 100, "last")
    timeline.run()
    assert timeline.sent == [(1.0, "last")]


STOP = Batch("ids", 3, ("hosts",))


def join_stops(timeline, line, *names, key="stop"):
    for name in names:
        join(timeline, line, 0, name, ("stop", "hosts"), STOP, key)


def test_equal_calls_are_joined_up_to_the_largest_size():
    timeline, _, line = turns({"stop": Rate(2, 1), "hosts": Rate(100, 100)})
    join_stops(timeline, line, *"abcde")
    timeline.run()
    assert timeline.sent == [(0.0, "a", "b", "c"), (1.0, "d", "e")]


def test_a_rate_that_counts_resources_has_a_token_for_each_of_them():
    timeline, _, line = turns({"stop": Rate(100, 100), "hosts": Rate(6, 1)})
    join_stops(timeline, line, *"abcdef")
    timeline.run()
    assert timeline.sent == [(0.0, "a", "b", "c"), (3.0, "d", "e", "f")]


def test_a_request_is_never_larger_than_the_share_of_its_rate():
    timeline, _, line = turns({"stop": Rate(100, 100), "hosts": Rate(4, 1)})
    join_stops(timeline, line, *"abcd")
    timeline.run()
    assert timeline.sent == [(0.0, "a", "b"), (2.0, "c", "d")]


def test_only_calls_with_the_same_key_are_joined():
    timeline, _, line = turns({"stop": Rate(100, 100), "hosts": Rate(100, 100)})
    join_stops(timeline, line, "a", key="1")
    join_stops(timeline, line, "b", key="2")
    join_stops(timeline, line, "c", key="1")
    join(timeline, line, 0, "d", ("stop", "hosts"), None, "1")
    timeline.run()
    assert sorted(names for _, *names in timeline.sent) == [["a", "c"], ["b"], ["d"]]


def test_a_withdrawn_call_leaves_its_place_to_the_next():
    timeline, _, line = turns({"stop": Rate(2, 1), "hosts": Rate(6, 1)})
    join_stops(timeline, line, "a", "withdrawn", "b", "c", "d")
    timeline.run()
    assert timeline.sent[0] == (0.0, "a", "b", "c")
    assert timeline.sent[1] == (1.0, "d")
