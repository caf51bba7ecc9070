"""Hosts of a standby stay off while its own volumes have data that is nowhere else. Law: a run that replaces
volumes of an end that was used before its hosts ran as a standby names and keeps them.
"""

import pytest
from attrs import evolve
from sweeps import one_in_quick
from turning import HOW, LOST, lost, powers, said, switch_by_hand
from worlds import ONE, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.model.recovery import Action
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.refresh import refresh
from portinfra.recovery.takeover.steps import RefreshStep
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast

RUNNING = recovery(standby="running", rto="99h", rpo="99h")
STOPPED = recovery(
    standby="running", rto="99h", rpo="99h", actions=[Action("promote", run=lambda inventory: False)]
)


def apply_recovery():
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[RUNNING]), seed=0)


def abandon_one_with_data(cloud):
    failover(STOPPED, HOW)
    write(cloud, RECOVERY, "an hour of orders")
    abandon(STOPPED, HOW)


def kept_by(cloud, evidence):
    return {cloud.read(each.snapshot).decode() for each in evidence.left_aside}


def test_they_stay_off_after_a_takeover_that_was_abandoned(ready):
    apply_recovery()
    abandon_one_with_data(ready)
    apply_recovery()
    assert powers(ready, RECOVERY) == {"stopped"}
    assert kept_by(ready, refresh(RUNNING, HOW)) == said("an hour of orders")
    assert powers(ready, RECOVERY) == {"running"}


@pytest.mark.parametrize("step", one_in_quick(*RefreshStep), ids=lambda step: step.name)
def test_they_stay_off_until_a_refresh_has_kept_that_data(ready, step):
    apply_recovery()
    failover(RUNNING, HOW)
    write(ready, RECOVERY, "orders that production never got")
    with lost(RECOVERY):
        failback(RUNNING, LOST)
    fence(RUNNING, run_options=ONE)
    replicate(RUNNING, run_options=ONE)

    def die(reached):
        if reached is step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(RUNNING, FailoverOptions(run_options=ONE, at=die))
    apply_recovery()
    snapshots = {
        ready.read(r["id"]).decode() for r in ready.ground_truth(RECOVERY.account) if r["kind"] == "snapshot"
    }
    kept = said("orders that production never got") <= snapshots
    on = powers(ready, RECOVERY) == {"running"}
    assert on == (step is RefreshStep.BRING_UP)
    assert kept or not on
    assert kept or set(written(ready, RECOVERY).values()) == said("orders that production never got")


def test_a_refresh_before_an_abandoned_takeover_does_not_spare_the_next_one_the_snapshots(ready):
    apply_recovery()
    assert refresh(RUNNING, HOW).result == "passed"
    abandon_one_with_data(ready)
    assert kept_by(ready, refresh(RUNNING, HOW)) == said("an hour of orders")


PLAIN = recovery(rto="99h", rpo="99h")
PLANNED = evolve(HOW, planned=True)


def is_applied(cloud):
    """The target was applied before it was declared a standby."""
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[PLAIN]), seed=0)
    write(cloud, RECOVERY, "own data")


def was_active_and_started_by_hand(cloud):
    """The target was active, and a person started its hosts later."""
    was_active(cloud)
    switch_by_hand(cloud, RECOVERY, "StartInstance")
    write(cloud, RECOVERY, "own data")
    switch_by_hand(cloud, RECOVERY, "StopInstance")


def was_active(cloud):
    """The target was active, and production has all of its data."""
    assert failover(PLAIN, PLANNED).result == "passed"
    assert failback(PLAIN, PLANNED).result == "passed"
    assert replicate(PLAIN, now=True, run_options=ONE).succeeded


def overwrites():
    return [each for each in make_forecast(RUNNING).findings if each.rule == "recovery/overwrites-data"]


USED = {is_applied: True, was_active_and_started_by_hand: True, was_active: False}


@pytest.mark.parametrize("verb", one_in_quick(failover, refresh))
@pytest.mark.parametrize("use", USED)
def test_what_was_written_before_it_was_a_standby_is_named_and_kept(ready, use, verb):
    has_own_data = USED[use]
    use(ready)
    for _ in range(2):
        apply_recovery()
        assert powers(ready, RECOVERY) == {"running"}
    assert bool(overwrites()) == has_own_data
    assert kept_by(ready, verb(RUNNING, HOW)) == (said("own data") if has_own_data else set())


def test_what_a_refresh_has_kept_is_not_kept_again_by_a_takeover(ready):
    is_applied(ready)
    apply_recovery()
    assert kept_by(ready, refresh(RUNNING, HOW)) == said("own data")
    assert overwrites() == []
    assert kept_by(ready, failover(RUNNING, HOW)) == set()
