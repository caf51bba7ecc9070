"""A declared standby: hosts of the target run while the source is active; the internet cannot reach them."""

import pytest
from turning import HOW, LOST, dies_at, lost, passed_later, powers, rules, said
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError, StalePlanError
from portinfra.model.internet import lets_internet_in
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.validation.recovery import recovery_findings

RUNNING = recovery(standby="running")
OFF = recovery()


def planned(about=RUNNING, environment=RECOVERY):
    return workflow.plan(SHOP, environment, guards=[about])


def apply(about=RUNNING, environment=RECOVERY):
    return workflow.apply(planned(about, environment), seed=0)


def is_open(environment=RECOVERY):
    return lets_internet_in(workflow.observe(SHOP, environment))


def fence_refusal(about):
    with pytest.raises(PolicyError) as error:
        fence(about, run_options=ONE)
    return error.value.findings[0].message


@pytest.fixture
def standby(ready):
    """The target runs as a standby, with what a test wrote on its volumes."""
    apply()
    write(ready, RECOVERY, "a test")
    return ready


def test_its_hosts_run_and_nothing_from_the_internet_reaches_them(standby):
    assert powers(standby, RECOVERY) == {"running"}
    assert not is_open()
    assert is_open(PRODUCTION)
    assert read_facts(RUNNING).facts("target").hosts == "standby"
    assert status(RUNNING).standby_runs
    assert planned().empty, "the next plan changes nothing"


def test_without_one_the_target_is_as_before(ready):
    apply(OFF)
    assert is_open(), "before any takeover it is made as it is declared"
    assert not status(OFF).standby_runs


def test_no_name_leads_to_a_standby(ready):
    told = []
    target = RECOVERY.__class__(
        "recovery", on=RECOVERY.on, account=RECOVERY.account, key=RECOVERY.key, dns=told.append
    )
    about = recovery(target=target, standby="running")
    workflow.apply(workflow.plan(SHOP, target, guards=[about]), seed=0)
    assert told == []
    assert failover(about, HOW).result == "passed"
    assert len(told) == 1


def test_validation_and_plan_name_the_flows_that_stay_closed():
    found = list(recovery_findings(RUNNING.plan, [SHOP], [PRODUCTION, RECOVERY]))
    assert [(each.rule, each.severity.value) for each in found] == [("recovery/standby-closed", "warning")]
    assert "web (tcp 443)" in found[0].message
    assert not list(recovery_findings(OFF.plan, [SHOP], [PRODUCTION, RECOVERY]))
    wrong = recovery(standby="warm")
    assert [each.rule for each in recovery_findings(wrong.plan, [SHOP], [PRODUCTION, RECOVERY])] == [
        "recovery/unknown-standby"
    ]


def test_the_plan_says_that_it_is_a_standby(ready):
    (finding,) = [each for each in planned().findings if each.rule.startswith("recovery/")]
    assert (finding.rule, finding.severity.value) == ("recovery/standby", "warning")
    assert "web (tcp 443)" in finding.message


def test_a_takeover_replaces_its_data_and_opens_it(standby):
    assert failover(RUNNING, HOW).result == "passed"
    assert set(written(standby, RECOVERY).values()) == said("ledger")
    assert is_open()
    assert powers(standby, RECOVERY) == {"running"}
    assert powers(standby, PRODUCTION) == {"stopped"}
    assert not status(RUNNING).standby_runs
    refused = planned(environment=PRODUCTION)
    assert {change.after.power for change in refused.changes if change.address.kind == "instance"} <= {
        "stopped"
    }


@pytest.mark.parametrize(
    "options", [HOW, LOST, FailoverOptions(planned=True, run_options=ONE)], ids=["stopped", "lost", "planned"]
)
def test_no_host_of_it_runs_on_old_data_once_it_is_active(standby, options):
    """It stops before it becomes active. A run that is cut short before or after that is continued."""

    def dies(step):
        if step is Step.ACTIVATE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failover(
            RUNNING, FailoverOptions(lost=options.lost, planned=options.planned, run_options=ONE, at=dies)
        )
    assert powers(standby, RECOVERY, after=60) == {"stopped"}
    assert failover(RUNNING, options).result == "passed"
    assert set(written(standby, RECOVERY).values()) == said("ledger")


def test_a_takeover_that_dies_while_it_stops_the_standby_is_continued(standby):
    def stops_there(provider, call):
        return call.action == "StopInstance" and provider.account == RECOVERY.account

    dies_at(stops_there, lambda: failover(RUNNING, HOW))
    assert failover(RUNNING, HOW).result == "passed"
    assert set(written(standby, RECOVERY).values()) == said("ledger")


def test_points_are_made_while_it_runs(standby):
    assert replicate(RUNNING, now=True, run_options=ONE).succeeded
    assert status(RUNNING).level == "ok"


def test_after_the_way_back_its_hosts_stay_off_until_a_point_is_newer_than_its_own_data(standby):
    failover(RUNNING, HOW)
    write(standby, RECOVERY, "orders")
    assert failback(RUNNING, HOW).result == "passed"
    waits = planned()
    assert "recovery/standby-waits" in [each.rule for each in waits.findings]
    assert powers(standby, RECOVERY) == {"stopped"}
    assert workflow.apply(waits, seed=0).succeeded
    assert powers(standby, RECOVERY) == {"stopped"}
    assert replicate(RUNNING, run_options=ONE).succeeded
    open_at_start, web = [], workflow.observe(SHOP, RECOVERY).resources["instance.web1"].id

    def hand(provider, call):
        if call.action == "StartInstance" and call.parameters["id"] == web:
            open_at_start.append(is_open())
        return provider.perform(call)

    assert is_open(), "the fence has left its rules as they were"
    with wrap_calls("fake", hand):
        apply()
    assert open_at_start == [False]
    assert powers(standby, RECOVERY) == {"running"}
    assert read_facts(RUNNING).is_calm
    assert "runs as the declared standby" in fence_refusal(RUNNING)


def test_what_its_hosts_have_written_is_never_the_newest_data(standby):
    failover(RUNNING, HOW)
    write(standby, RECOVERY, "orders")
    failback(RUNNING, HOW)
    replicate(RUNNING, run_options=ONE)
    apply()
    write(standby, RECOVERY, "a test")
    id = next(point.id for point in status(RUNNING).points)
    with lost(PRODUCTION):
        evidence = failover(RUNNING, FailoverOptions(lost=True, without=[id], run_options=ONE))
    assert evidence.result == "passed"
    assert set(written(standby, RECOVERY).values()) == said("ledger"), "of the point before"


def test_a_standby_that_the_internet_could_reach_counts_as_not_stopped(standby):
    failover(RUNNING, HOW)
    failback(RUNNING, HOW)
    for host in (each for each in standby.ground_truth(RECOVERY.account) if each["kind"] == "instance"):
        standby.request(RECOVERY.account, RECOVERY.region, "StartInstance", {"id": host["id"]})
    passed_later(standby, 60)
    assert read_facts(RUNNING).fenced is False
    with pytest.raises(PolicyError) as error:
        replicate(RUNNING, run_options=ONE)
    assert rules(error) == ["recovery/not-fenced"]
    assert fence(RUNNING, run_options=ONE) == 3
    assert read_facts(RUNNING).is_calm


def test_before_a_first_takeover_an_apply_closes_a_rule_that_lets_the_internet_in(ready):
    apply(OFF)
    assert is_open()
    assert "has no host that must be stopped" in fence_refusal(RUNNING)
    apply(RUNNING)
    assert not is_open()
    assert powers(ready, RECOVERY) == {"running"}


def test_it_is_switched_off_and_on_again(standby):
    failover(RUNNING, HOW)
    failback(RUNNING, HOW)
    replicate(RUNNING, run_options=ONE)
    apply()
    assert status(OFF).target_may_run, "without a standby its hosts have to be off"
    apply(OFF)
    assert powers(standby, RECOVERY) == {"stopped"}
    assert read_facts(OFF).is_calm
    apply(RUNNING)
    assert powers(standby, RECOVERY) == {"running"}
    assert read_facts(RUNNING).is_calm


def test_a_plan_of_a_standby_is_stale_once_it_is_active(ready):
    old = planned()
    failover(RUNNING, HOW)
    with pytest.raises(StalePlanError):
        workflow.apply(old, seed=0)
    assert is_open()


def test_an_abandoned_takeover_leaves_it_off_and_the_next_apply_starts_it(standby):
    def dies(step):
        if step is Step.BRING_UP:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failover(RUNNING, FailoverOptions(run_options=ONE, at=dies))
    abandon(RUNNING, HOW)
    assert powers(standby, RECOVERY) == {"stopped"}
    assert powers(standby, PRODUCTION) == {"running"}
    apply()
    assert powers(standby, RECOVERY) == {"running"}
    assert not is_open()
