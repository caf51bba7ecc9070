"""One cause, one message: equal failures are told once, with their number and their hosts."""

import pytest

from portinfra.errors import ApplyError, Conflict, NoCapacity, QuotaExceeded
from portinfra.model.address import Address, Scope
from portinfra.model.change import Change, Step
from portinfra.model.outcome import Outcome, StepOutcome


def failed(address, error, untried=False):
    error.address = error.address or address
    return StepOutcome(Step("converge", Address(address)), "failed", error, untried=untried)


def outcome(*steps, **more):
    return Outcome(Scope("shop", "production"), "1", steps, **more)


def quota(name, untried=False):
    return failed(f"instance.{name}", QuotaExceeded("no more vCPUs", action="RunInstances"), untried)


def test_equal_errors_of_several_hosts_are_one_cause():
    (cause,) = outcome(quota("web1"), quota("web2", untried=True), quota("web3", untried=True)).causes
    assert cause.addresses == ("instance.web1", "instance.web2", "instance.web3")
    assert cause.untried_count == 2
    assert str(cause) == "instance.web1 RunInstances: no more vCPUs (and 2 more like it)"


@pytest.mark.parametrize(
    "text",
    [
        "instance {name} has no room",
        "i-0123456789abcdef{number} is gone",
        "zones/b/{name}-ab12",
    ],
)
def test_errors_that_differ_in_their_own_name_alone_are_equal(text):
    steps = [
        failed(f"instance.web{number}", Conflict(text.format(name=f"web{number}", number=number)))
        for number in (1, 2)
    ]
    assert len(outcome(*steps).causes) == 1


@pytest.mark.parametrize(
    "other",
    [
        failed("instance.web2", NoCapacity("no more vCPUs", action="RunInstances")),
        failed("instance.web2", QuotaExceeded("no more addresses", action="RunInstances")),
        failed("instance.web2", QuotaExceeded("no more vCPUs", action="StartInstances")),
        failed("volume.web2", QuotaExceeded("no more vCPUs", action="RunInstances")),
    ],
)
def test_another_class_text_action_or_kind_is_another_cause(other):
    assert len(outcome(quota("web1"), other).causes) == 2


def test_steps_that_are_done_or_blocked_have_no_cause():
    steps = [StepOutcome(Step("converge", Address("instance.web1")), fate) for fate in ("done", "blocked")]
    assert outcome(*steps).causes == ()


def test_an_apply_error_says_the_first_causes():
    busy = [failed(f"volume.db1-{name}", Conflict(f"{name} is in the way")) for name in ("a", "b", "c")]
    error = ApplyError("6 of 9 steps failed", outcome(quota("web1"), quota("web2"), quota("web3"), *busy))
    assert str(error) == (
        "6 of 9 steps failed: instance.web1 RunInstances: no more vCPUs (and 2 more like it); "
        "volume.db1-a: a is in the way; volume.db1-b: b is in the way; and 1 more"
    )
    assert error.__notes__ == ["volume.db1-c: c is in the way"]


def test_an_apply_error_says_what_a_fresh_look_still_finds():
    drift = (Change("update", Address("instance.web1"), reason="its tags differ"),)
    error = ApplyError("every step was done", outcome(drift=drift))
    assert str(error) == "every step was done: update instance.web1: its tags differ"
