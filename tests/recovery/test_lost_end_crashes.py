"""What was cut short while an end is lost ends well when it is run again."""

from contextlib import suppress

import pytest
from sweeps import strides
from turning import HOW, LOST, lost, passed_later, powers, said, silent, stuck
from worlds import ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.errors import PolicyError, Unavailable
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.conformance.suite.crashes import DEATHS
from portinfra.testing.conformance.sweep import Crashes
from portinfra.testing.fake import plugin
from portinfra.testing.faults import MISHAPS

pytestmark = pytest.mark.slow


def test_standing_alone_goes_on_where_a_zone_was_silent(ready):
    stuck()
    with silent(ready, "us-east-1b"):
        assert failback(recovery(), LOST).result == "failed"
    assert failback(recovery(), LOST).result == "passed"
    assert powers(ready, PRODUCTION) == {"running"}


def test_so_does_the_fence_of_a_target_that_came_back(ready):
    stuck()
    with lost(RECOVERY):
        failback(recovery(), LOST)
    with silent(ready, "eu-west-1b"), pytest.raises(Unavailable):
        fence(recovery(), run_options=ONE)
    fence(recovery(), run_options=ONE)
    assert powers(ready, RECOVERY) == {"stopped"}


def swept(verb, ends_well, stride, forms=MISHAPS):
    """Crash at the calls of a verb."""

    def under(hand):
        with wrap_calls("fake", hand):
            verb()

    def after_a_while():
        passed_later(plugin.cloud, 60)  # lists that lag would tell of the moment before
        ends_well()

    crashes = Crashes(lambda: None, under, after_a_while, forked=lambda: None, stride=stride, forms=forms)
    assert crashes.sweep()


stride = strides(15, quick=40)


def test_a_crash_while_it_begins_to_stand_alone(ready, stride):
    stuck()

    def ends_well():
        failback(recovery(), LOST)
        assert powers(plugin.cloud, PRODUCTION) == {"running"}

    swept(lambda: failback(recovery(), LOST), ends_well, stride)


def test_a_crash_while_who_came_back_is_fenced(ready, stride):
    stuck()
    with lost(RECOVERY):
        failback(recovery(), LOST)

    def ends_well():
        with suppress(PolicyError):  # where it was done already
            fence(recovery(), run_options=ONE)
        assert powers(plugin.cloud, RECOVERY) == {"stopped"}
        assert powers(plugin.cloud, PRODUCTION) == {"running"}

    swept(lambda: fence(recovery(), run_options=ONE), ends_well, stride)


def test_giving_up_dies_at_a_call_and_then_so_does_the_source(ready, stride):
    write(ready, PRODUCTION, "newer than the point")
    stuck()

    def ends_well():
        with lost(PRODUCTION):
            assert failover(recovery(rto="9h", rpo="9h"), LOST).result == "passed"
        assert powers(plugin.cloud, RECOVERY) == {"running"}

    swept(lambda: abandon(recovery(), HOW), ends_well, stride, DEATHS)


@pytest.mark.slow
def test_the_way_back_dies_at_a_call_and_then_so_does_the_target(ready, stride):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")

    def ends_well():
        """The source stands with the newest that it can have; with its own data only if nothing had come."""
        with lost(RECOVERY):
            failback(recovery(rto="9h"), LOST)
        assert set(written(plugin.cloud, PRODUCTION).values()) in (said("a day of orders"), said("ledger"))
        assert powers(plugin.cloud, PRODUCTION) == {"running"}

    swept(lambda: failback(recovery(), HOW), ends_well, stride, DEATHS)
