"""While a call takes long, people read what it waits for, and how long yet."""

from types import SimpleNamespace

import pytest

from portinfra.execution.calls_in_progress import CallsInProgress
from portinfra.execution.loop import MEANWHILE_SECONDS, Loop
from portinfra.execution.workers import Completion
from portinfra.model.address import Address
from portinfra.model.progress import Awaited
from portinfra.provider.interface import Call

WEB1, DB1 = Address("instance.web1"), Address("volume.db1-data")
STOP = Call("StopDomain", address=WEB1, awaits=Awaited("web1 to shut down", "power off", 60))
COPY = Call("CopyDisk", address=DB1)


@pytest.fixture
def told():
    return []


@pytest.fixture
def under_way(told):
    def tell(task, fate, message, *, waits, waited):
        assert fate is None
        assert waits
        told.append((task.step, message, waited))

    return CallsInProgress(tell)


def test_a_call_that_takes_long_says_what_it_waits_for_and_how_long_yet(under_way, told):
    under_way.begin(SimpleNamespace(step="stop web1"), STOP, 100.0)
    under_way.begin(SimpleNamespace(step="copy"), COPY, 105.0)
    under_way.report(109.0)
    assert told == []
    under_way.report(112.0)
    assert told == [("stop web1", "waiting for web1 to shut down, power off in 48 s", 12.0)]
    under_way.end(SimpleNamespace(step="stop web1"))
    under_way.report(120.0)
    assert told[1:] == [("copy", "waiting for CopyDisk", 15.0)]


def test_a_check_that_takes_long_says_when_its_step_fails(under_way, told):
    check = SimpleNamespace(step="ready web1")
    under_way.begin_check(check, 300.0, 100.0)
    under_way.report(109.0)
    assert told == []
    under_way.report(112.0)
    assert told == [
        ("ready web1", "waiting for the check whether it is ready, the step fails in 4 min 48 s", 12.0)
    ]
    under_way.end(check)
    under_way.report(130.0)
    assert len(told) == 1


class Clock:
    """Real time, as the workers below let it pass."""

    virtual = False
    moment = 0.0

    def now(self):
        return self.moment

    def sleep_until(self, moment):
        raise AssertionError("a call is under way")


class Busy:
    """One worker, whose work takes 35 seconds."""

    size = 1

    def __init__(self, clock):
        self.clock, self.ticket, self.ends = clock, None, 0.0
        self.under_way = 0

    def submit(self, ticket, work):
        self.ticket, self.ends, self.under_way = ticket, self.clock.moment + 35, 1

    def next(self, timeout):
        self.clock.moment = min(self.clock.moment + timeout, self.ends)
        if self.clock.moment < self.ends:
            return None
        self.under_way = 0
        return Completion(self.ticket)

    def close(self):
        pass


def test_the_loop_tells_now_and_then_though_every_worker_is_busy():
    clock = Clock()
    holder = SimpleNamespace(renew_due=10_000.0, is_certain=lambda now: True)
    loop, moments, done = Loop(clock, Busy(clock), holder), [], []
    loop.meanwhile = moments.append
    loop.submit(done.append, lambda: None)
    loop.run(lambda: bool(done))
    assert moments == [0.0, MEANWHILE_SECONDS, 2 * MEANWHILE_SECONDS, 3 * MEANWHILE_SECONDS]
