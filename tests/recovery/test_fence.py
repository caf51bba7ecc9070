"""A fence holds, or it is not said to: who was taken over from stays off, whoever applies what."""

import pytest
from attrs import evolve
from turning import (
    HOW,
    LOST,
    before,
    dies_after,
    lost,
    passed_later,
    powers,
    rules,
    silent,
    silent_from,
    switch_by_hand,
)
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery

from portinfra import workflow
from portinfra.errors import PolicyError, StalePlanError, Unavailable
from portinfra.model.plan import PlanOptions
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status


def test_a_later_apply_does_not_wake_the_source(ready):
    failover(recovery(), HOW)
    plan = workflow.plan(SHOP, PRODUCTION, guards=[recovery()])
    assert plan.empty
    assert [finding.rule for finding in plan.findings] == ["recovery/fenced"]
    more = SHOP.with_role(evolve(SHOP.role("web"), count=2, size="medium"))
    workflow.apply(workflow.plan(more, PRODUCTION, guards=[recovery()]), seed=0)
    assert powers(ready, PRODUCTION) == {"stopped"}
    hosts = [r for r in ready.ground_truth(PRODUCTION.account) if r["kind"] == "instance"]
    assert len(hosts) == 3, "a new host runs at first: none is made"


def test_a_plan_made_before_it_is_not_applied_after_it(ready):
    more = SHOP.with_role(evolve(SHOP.role("web"), count=2))
    before = workflow.plan(more, PRODUCTION, guards=[recovery()])
    failover(recovery(), HOW)
    with pytest.raises(StalePlanError, match="fenced"):
        workflow.apply(before, seed=0)


def test_a_source_that_comes_back_is_refused_until_it_is_fenced(ready):
    failover(recovery(), LOST)
    plan = workflow.plan(SHOP, PRODUCTION, guards=[recovery()])
    assert [finding.rule for finding in plan.errors] == ["recovery/superseded"]
    assert powers(ready, PRODUCTION) == {"running"}
    assert fence(recovery(), run_options=ONE) == 3
    assert powers(ready, PRODUCTION) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).errors == ()


def test_a_source_that_stands_is_not_fenced(ready):
    with pytest.raises(PolicyError) as error:
        fence(recovery(), run_options=ONE)
    assert rules(error) == ["recovery/nothing-to-fence"]
    assert powers(ready, PRODUCTION) == {"running"}


def test_in_the_middle_of_a_takeover_the_refusal_of_fence_names_what_finishes_it(ready):
    dies_after("wave 1")
    with pytest.raises(PolicyError) as error:
        fence(recovery(), run_options=ONE)
    (found,) = error.value.findings
    assert found.rule == "recovery/nothing-to-fence"
    assert "that is not finished" in found.message
    assert found.fix == status(recovery()).next_step
    assert "dr failover shop" in found.fix


def test_a_plan_of_production_in_the_middle_of_a_failover_names_what_finishes_it(ready):
    dies_after("wave 1")
    (found,) = workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).findings
    assert found.rule == "recovery/fenced"
    assert status(recovery()).next_step in found.fix
    assert "dr failback" not in found.fix, "it is refused now"


def test_an_apply_that_cannot_ask_its_peer_is_refused(ready):
    with lost(RECOVERY, untouched=False):
        plan = workflow.plan(SHOP, PRODUCTION, guards=[recovery()])
    assert [finding.rule for finding in plan.errors] == ["recovery/peer-silent"]
    with pytest.raises(PolicyError):
        workflow.apply(plan, seed=0)


def test_a_source_with_a_silent_zone_is_not_taken_for_stopped_however_often_it_is_tried(ready):
    with silent_from(ready, "fencing", "us-east-1b") as say:
        for _ in range(3):
            with pytest.raises(Unavailable, match="us-east-1b") as error:
                failover(recovery(), HOW, say=say)
            assert "--lost production" in error.value.fix
    assert powers(ready, RECOVERY) == set()
    hosts = {
        r["name"].split("-")[-2]: r["state"]
        for r in ready.ground_truth(PRODUCTION.account)
        if "instance" in r["kind"]
    }
    assert hosts == {"db1": "stopped", "web1": "stopped", "db2": "running"}, "what answers is stopped"
    assert failover(recovery(), HOW).source_fenced is True
    assert powers(ready, PRODUCTION) == {"stopped"}


@pytest.mark.parametrize("step", [Step.AGREE, Step.BRING_UP], ids=lambda step: step.name)
def test_evidence_says_that_hosts_run_which_a_person_started_after_the_fence(ready, step):
    evidence = failover(recovery(), before(step, lambda: switch_by_hand(ready, PRODUCTION, "StartInstance")))
    assert powers(ready, PRODUCTION) == powers(ready, RECOVERY) == {"running"}
    assert (evidence.source_fenced, evidence.result) == (False, "failed")
    (line,) = [each for each in evidence.reasons if "dr fence shop" in each]
    assert line.startswith("hosts of production run again (db1, db2, web1)")


def test_a_fence_of_a_source_that_came_back_in_part_says_what_is_missing(ready):
    failover(recovery(), LOST)
    with silent(ready, "us-east-1b"):
        for _ in range(2):
            with pytest.raises(Unavailable, match="us-east-1b"):
                fence(recovery(), run_options=ONE)
    assert fence(recovery(), run_options=ONE) == 3


def test_a_fenced_host_is_not_made_anew(ready):
    failover(recovery(), HOW)
    asked = PlanOptions(replace=frozenset({"instance.db1"}))
    plan = workflow.plan(SHOP, PRODUCTION, asked, guards=[recovery()])
    assert [finding.rule for finding in plan.errors] == ["recovery/fenced-host"]
    other = SHOP.with_role(evolve(SHOP.role("db"), image="ubuntu-24.04"))
    plan = workflow.plan(other, PRODUCTION, PlanOptions(refresh_images=True), guards=[recovery()])
    assert [finding.rule for finding in plan.findings].count("recovery/fenced-host") == 2
    assert plan.errors == ()
    workflow.apply(plan, seed=0)
    assert powers(ready, PRODUCTION, after=0) == {"stopped"}
    failback(recovery(topology=other), HOW)
    assert powers(ready, PRODUCTION) == {"running"}


def test_a_fenced_environment_keeps_the_address_of_a_host_that_is_gone(ready):
    failover(recovery(), HOW)
    host = next(
        r for r in ready.ground_truth(PRODUCTION.account) if r["kind"] == "instance" and "web1" in r["name"]
    )
    ready.request(PRODUCTION.account, "us-east-1", "DeleteInstance", {"id": host["id"]})
    passed_later(ready, 600)
    plan = workflow.plan(SHOP, PRODUCTION, guards=[recovery()])
    assert "delete" not in {change.action for change in plan.changes}
