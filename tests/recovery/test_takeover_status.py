"""What is told of a turn, and of who stands."""

import pytest
from turning import HOW, LOST, dies_at, lost, passed_later, rules, stuck, unpassed
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery

from portinfra import PlanOptions, workflow
from portinfra.errors import PolicyError
from portinfra.model.finding import Severity
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status


def test_status_tells_that_the_target_stands(ready):
    assert status(recovery()).active_since == 0
    stuck()
    half_way = status(recovery())
    assert half_way.turn
    assert half_way.level == "late"
    failover(recovery(), HOW)
    done = status(recovery())
    assert (done.turn, bool(done.active_since)) == (None, True)
    assert done.level == "lost", "production has no point yet"
    failback(recovery(), HOW)
    assert (status(recovery()).active_since, status(recovery()).level) == (0, "ok")


def test_whether_the_source_is_stopped_is_told_of_a_target_that_stands(ready):
    assert status(recovery()).source_stopped is None
    failover(recovery(), LOST)
    found = status(recovery())
    assert (found.source_stopped, found.source_may_run) == (False, True)
    with lost(PRODUCTION, untouched=False):
        found = status(recovery())
    assert (found.source_stopped, found.source_may_run) == (None, True)
    fence(recovery(), run_options=ONE)
    found = status(recovery())
    assert (found.source_stopped, found.source_may_run) == (True, False)


def test_a_source_whose_hosts_run_behind_its_fence_is_not_said_to_be_stopped(ready):
    failover(recovery(), LOST)
    dies_at("StopInstance", lambda: fence(recovery(), run_options=ONE))
    assert status(recovery()).source_may_run
    fence(recovery(), run_options=ONE)
    assert not status(recovery()).source_may_run


def test_a_way_back_that_is_not_done_is_told_of_and_not_passed_over(ready):
    failover(recovery(), HOW)
    assert failback(unpassed("failback"), HOW).result == "failed"
    found = status(recovery())
    assert (found.level, bool(found.turn)) == ("late", True)
    with pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/failback-under-way"]
    assert failback(recovery(), HOW).result == "passed"
    assert status(recovery()).level == "ok"


def test_a_target_whose_hosts_were_started_by_hand_after_the_way_back_is_not_ok(ready):
    failover(recovery(), HOW)
    failback(recovery(), HOW)
    assert status(recovery()).level == "ok"
    for host in (each for each in ready.ground_truth(RECOVERY.account) if each["kind"] == "instance"):
        ready.request(RECOVERY.account, RECOVERY.region, "StartInstance", {"id": host["id"]})
    passed_later(ready, 60)
    found = status(recovery())
    assert (found.level, found.target_may_run) == ("late", True)
    fence(recovery(), run_options=ONE)
    assert status(recovery()).level == "ok"


def test_a_target_that_was_overtaken_is_not_said_to_stand(ready):
    failover(recovery(), LOST)
    with lost(RECOVERY):
        failback(recovery(), LOST)
    passed_later(ready, 60)
    found = status(recovery())
    assert (found.active_since, found.untold, found.level) == (0, True, "late")


def test_status_is_told_though_the_source_is_silent(ready):
    with lost(PRODUCTION, untouched=False):
        found = status(recovery())
    assert ({each.level for each in found.volumes}, found.level, found.exit_code) == ({"ok"}, "late", 3)


def test_the_active_environment_is_destroyed_only_on_purpose(ready):
    """As every other verb that is against the recovery plan: without its guards, said so explicitly."""
    failover(recovery(), HOW)
    lose = PlanOptions(allow_data_loss=frozenset({"all"}))
    plan = workflow.destroy(SHOP, RECOVERY, lose, guards=[recovery()])
    assert [(finding.rule, finding.severity) for finding in plan.findings] == [
        ("recovery/stands", Severity.ERROR)
    ]
    with pytest.raises(PolicyError, match="recovery is active since"):
        workflow.apply(plan, seed=0)
    assert {finding.rule for finding in workflow.destroy(SHOP, RECOVERY, lose).errors} >= {"recovery/stands"}
    other = workflow.destroy(SHOP, PRODUCTION, lose, guards=[recovery()])
    assert not other.errors
    on_purpose = workflow.destroy(SHOP, RECOVERY, lose, guards=())
    assert ("recovery/stands", Severity.WARNING) in [(f.rule, f.severity) for f in on_purpose.findings]
    assert workflow.apply(on_purpose, seed=0).succeeded
