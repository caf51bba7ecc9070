"""The error of a refused deletion names what others have in the resource."""

import pytest

from portinfra.errors import Conflict, NoCapacity, Unavailable
from portinfra.execution.foreign import name_foreign_resources
from portinfra.model.address import Address
from portinfra.model.change import Step
from portinfra.model.observed import Foreign
from portinfra.model.outcome import StepOutcome

SUBNET, WALL = Address("subnet.web-0"), Address("firewall.web")
THEIRS = Foreign("interface", "eni-1", SUBNET, "ELB app/shop", bound=(WALL,))


def failed(phase="remove", error=None, address=SUBNET):
    error = error or Conflict("it is in use.", provider="fake", action="DeleteSubnet", address=address)
    return StepOutcome(Step(phase, address), "failed", error)


def find(*found):
    return lambda: found


@pytest.mark.parametrize("address", [SUBNET, WALL])
def test_what_lies_in_it_or_is_bound_to_it_is_named(address):
    (step,) = name_foreign_resources([failed(address=address)], find(THEIRS))
    expected = "it is in use. Foreign resources are in it: interface eni-1 (ELB app/shop)"
    assert str(step.error) == f"{address} DeleteSubnet: {expected}"
    assert step.error.fix == "Delete them or move them elsewhere, then run the same command again."


def test_of_many_a_few_are_named_and_the_rest_counted():
    (step,) = name_foreign_resources([failed()], find(*(Foreign("vm", f"i-{n}", SUBNET) for n in range(5))))
    assert str(step.error).endswith("vm i-0, vm i-1, vm i-2 and 2 more")


@pytest.mark.parametrize(
    "step",
    [failed("converge"), failed(error=NoCapacity("none")), StepOutcome(Step("remove", SUBNET), "done")],
)
def test_nothing_is_read_where_no_deletion_was_refused(step):
    assert name_foreign_resources([step], lambda: pytest.fail("it reads")) == (step,)


def test_a_refusal_stays_as_it_is_where_nothing_of_others_is_found_or_the_read_fails():
    def unanswered():
        raise Unavailable("no answer")

    for none in (find(), unanswered, find(Foreign("vm", "i-1", Address("subnet.db-0")))):
        step = failed()
        assert name_foreign_resources([step], none) == (step,)
