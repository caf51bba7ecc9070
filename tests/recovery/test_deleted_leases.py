"""An end that the ledger calls active is no standby, even where the records of its lease were deleted."""

import io

import pytest
from rich.console import Console
from turning import HOW, passed_later, powers
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery

from portinfra import workflow
from portinfra.execution.connection import Connection
from portinfra.model.internet import lets_internet_in
from portinfra.records.lease import read_leases
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.render.console.recovery import show_status

RUNNING = recovery(standby="running", rto="99h", rpo="99h")


def apply_recovery():
    return workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[RUNNING]), seed=0)


def delete_lease(environment=RECOVERY):
    scope = RUNNING.target_scope if environment is RECOVERY else RUNNING.source_scope
    with Connection.to(environment) as place:
        for lease in read_leases(place.reader, scope):
            place.caller.with_retries(place.provider.records.delete(scope, lease.number))


def test_an_active_end_without_its_lease_keeps_its_flows_from_the_internet(ready):
    apply_recovery()
    assert failover(RUNNING, HOW).result == "passed"
    delete_lease()
    passed_later(ready, 600)
    assert read_facts(RUNNING).active == "target"
    plan = workflow.plan(SHOP, RECOVERY, guards=[RUNNING])
    assert not plan.standby
    workflow.apply(plan, seed=0)
    assert lets_internet_in(workflow.observe(SHOP, RECOVERY))
    assert powers(ready, RECOVERY) == {"running"}


def test_a_standby_that_never_took_over_stays_one_without_its_lease(ready):
    apply_recovery()
    delete_lease()
    passed_later(ready, 600)
    assert workflow.plan(SHOP, RECOVERY, guards=[RUNNING]).standby


def taken_over():
    """Recovery is active."""
    assert failover(recovery(), HOW).result == "passed"
    return RECOVERY, PRODUCTION


def taken_back():
    """Production is active once more."""
    taken_over()
    assert failback(recovery(), HOW).result == "passed"
    return PRODUCTION, RECOVERY


def printed(found):
    out = io.StringIO()
    show_status(found, Console(file=out, width=1000))
    return out.getvalue()


@pytest.mark.parametrize("history", [taken_over, taken_back], ids=["taken over", "taken back"])
def test_a_status_without_the_lease_of_the_active_end_is_the_status_with_it(ready, history):
    active, _ = history()
    passed_later(ready, 600)
    before = status(recovery())
    delete_lease(active)
    after = status(recovery())
    assert (after.active_since, after.end, after.points_in) == (
        before.active_since,
        before.end,
        before.points_in,
    )
    assert (after.level, after.source_stopped) == (before.level, before.source_stopped)
    assert [each.point for each in after.volumes] == [each.point for each in before.volumes]


@pytest.mark.parametrize("history", [taken_over, taken_back], ids=["taken over", "taken back"])
def test_a_status_names_the_fence_where_no_lease_says_that_the_other_end_is_stopped(ready, history):
    for environment in history():
        delete_lease(environment)
    passed_later(ready, 600)
    assert read_facts(recovery()).fenced is False
    found = status(recovery())
    assert found.level != "ok"
    assert "portinfra dr fence shop" in printed(found)
    fence(recovery(), run_options=ONE)
    now = read_facts(recovery())
    assert now.is_calm
    assert status(recovery()).next_step == ""
