"""How long a provider is waited for that does not answer: shortly, until it has answered once."""

import pytest
from toycloud import ToyClock

from portinfra import Environment, Role, Topology, apply, plan
from portinfra.errors import ApplyError, OutcomeUnknown, RateLimited, Unavailable
from portinfra.execution.caller import Caller
from portinfra.execution.retry import ATTEMPTS_MAX, FIRST_ATTEMPTS_MAX, UNREACHABLE_ATTEMPTS_MAX, delay
from portinfra.provider.interface import Call
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.simulation import simulate

READ = Call("List")


class Provider:
    """Answers what it is told to, one after the other; the last for ever."""

    name = "toy"

    def __init__(self, *answers):
        self.answers = list(answers)
        self.clock = ToyClock()

    def perform(self, call):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("silence", [Unavailable("no route"), OutcomeUnknown("the connection broke")])
def test_what_never_answered_is_given_up_soon(silence):
    caller = Caller(Provider(silence))
    with pytest.raises(type(silence)):
        caller.with_retries(READ)
    assert caller.calls == FIRST_ATTEMPTS_MAX


def test_what_answered_before_is_waited_for():
    caller = Caller(Provider({}, Unavailable("no route")))
    caller.with_retries(READ)
    with pytest.raises(Unavailable):
        caller.with_retries(READ)
    assert caller.calls == 1 + ATTEMPTS_MAX


def test_a_zone_that_takes_no_connection_is_given_up_within_two_seconds():
    refused = Unavailable("connection refused")
    refused.unreachable = True
    for place, tries in (("zone-a", UNREACHABLE_ATTEMPTS_MAX), (None, ATTEMPTS_MAX)):
        caller = Caller(Provider({}, refused))
        caller.with_retries(READ)
        began = caller.provider.clock.now()
        with pytest.raises(Unavailable):
            caller.with_retries(Call("List", place=place))
        assert caller.calls == 1 + tries
        assert (caller.provider.clock.now() - began <= 2) is (place is not None)


def test_a_read_is_not_repeated_more_often_than_its_error_is_worth():
    unexplained = OutcomeUnknown("something that nobody has seen")
    unexplained.tries_max = 3
    caller = Caller(Provider({}, unexplained))
    caller.with_retries(READ)
    with pytest.raises(OutcomeUnknown):
        caller.with_retries(READ)
    assert caller.calls == 1 + 3


def test_being_throttled_is_an_answer():
    caller = Caller(Provider(RateLimited("slow down"), Unavailable("busy")))
    with pytest.raises(RateLimited):
        caller.once(READ)
    with pytest.raises(Unavailable):
        caller.with_retries(READ)
    assert caller.calls == 1 + ATTEMPTS_MAX


def test_being_throttled_at_first_is_waited_for_as_ever():
    caller = Caller(Provider(RateLimited("slow down"), Unavailable("busy")))
    with pytest.raises(Unavailable):
        caller.with_retries(READ)
    assert caller.calls == ATTEMPTS_MAX


def test_each_wait_is_twice_as_long_as_the_one_before_and_none_takes_more_than_half_a_minute():
    waits = [delay(attempt) for attempt in range(1, ATTEMPTS_MAX)]
    assert waits[:7] == [0.5, 1, 2, 4, 8, 16, 30]
    assert set(waits[7:]) == {30}


def test_what_is_tried_again_and_again_is_told_of():
    told = []
    with simulate() as cloud:
        topology = Topology("shop", [Role("web", count=1, waive={"R6": "one will do"})])
        place = Environment("demo", on="fake:us-east-1")
        made = plan(topology, place)

        def broken(action, given):
            if action == "CreateInstance":
                raise FakeError("ServiceUnavailable", "the service is busy")

        cloud.before_request = broken
        with pytest.raises(ApplyError):
            apply(made, listen=lambda progress: told.append(progress), seed=0)
    lines = [progress.message for progress in told if progress.step is None and progress.message]
    assert [line.partition(",")[0] for line in lines] == [
        "instance.web1: tried 4 times",
        "instance.web1: tried 8 times",
        "instance.web1: tried 12 times",
    ]
    assert "the service is busy" in lines[0]
