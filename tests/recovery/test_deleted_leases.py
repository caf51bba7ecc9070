"""An end that the ledger calls active is no standby, even where the records of its lease were deleted."""

from turning import HOW, passed_later, powers
from worlds import RECOVERY, SHOP, recovery

from portinfra import workflow
from portinfra.execution.connection import Connection
from portinfra.model.internet import lets_internet_in
from portinfra.records.lease import read_leases
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.takeover import failover

RUNNING = recovery(standby="running", rto="99h", rpo="99h")


def apply_recovery():
    return workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[RUNNING]), seed=0)


def delete_lease():
    scope = RUNNING.target_scope
    with Connection.to(RECOVERY) as place:
        for lease in read_leases(place.reader, scope):
            place.caller.insisting(place.provider.records.delete(scope, lease.number))


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
