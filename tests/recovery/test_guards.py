"""The guard of a recovery plan keeps its two environments from being active at the same time.

`plan`, `destroy` and `connect` check it, and skip it only on purpose. `apply` checks it under its claim, too.
"""

import pytest
from attrs import evolve, frozen
from turning import HOW, LOST, lost, passed_later, powers, rules
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery

from portinfra import workflow
from portinfra.cloud import connect
from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.lease import forget_peer, list_leases
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import Network, Volume
from portinfra.model.topology import Topology
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.guard import recoveries_of
from portinfra.testing.simulation import apply_and_check, simulate

BOTH = recovery()
"""The recovery plan with its two environments: the guard."""
ERROR, WARNING = Severity.ERROR, Severity.WARNING
NOT_CHECKED, SUPERSEDED = "recovery/peer-not-checked", "recovery/superseded"
LARGER = SHOP.with_role(evolve(SHOP.role("web"), count=2))
HOST = "instance.web1"


def turned_off(cloud, environment):
    """Stop every host of an environment, as an outage does."""
    for record in cloud.ground_truth(environment.account):
        if record["kind"] == "instance":
            cloud.request(environment.account, environment.region, "StopInstance", {"id": record["id"]})
    passed_later(cloud, 600)


def found(plan):
    return [(finding.rule, finding.severity) for finding in plan.findings]


def peer(environment):
    """Return the peer that the newest claim of an environment names."""
    return list_leases(SHOP, environment)[-1].peer


def came_back(cloud):
    """Lose production, let recovery take over, and let production answer again."""
    apply_and_check(SHOP, PRODUCTION)
    assert replicate(BOTH, run_options=ONE).succeeded
    turned_off(cloud, PRODUCTION)
    with lost(PRODUCTION):
        assert failover(BOTH, LOST).result == "passed"
    assert powers(cloud, RECOVERY) == {"running"}


@pytest.fixture(scope="module")
def returned():
    """A world in which production came back. The tests that share it change nothing in it."""
    with simulate() as cloud:
        came_back(cloud)
        before = cloud.ground_truth(PRODUCTION.account)
        yield cloud
        there = [record for record in cloud.ground_truth(PRODUCTION.account) if record["kind"] != "claim"]
        assert there == [record for record in before if record["kind"] != "claim"]


@pytest.fixture
def awake(ready):
    """A world in which production is active and has a recovery point."""
    return ready


# After recovery has taken over, production does not start.


@pytest.mark.parametrize(("guards", "rule"), [(None, NOT_CHECKED), ([BOTH], SUPERSEDED)])
def test_apply_does_not_start_production(returned, guards, rule):
    plan = workflow.plan(SHOP, PRODUCTION, guards=guards)
    assert [finding.rule for finding in plan.errors] == [rule]
    with pytest.raises(PolicyError) as error:
        workflow.apply(plan, seed=0)
    assert rules(error) == [rule]
    assert powers(returned, PRODUCTION) == {"stopped"}


def test_the_error_names_the_other_environment_and_what_to_write(returned):
    (finding,) = workflow.plan(SHOP, PRODUCTION).errors
    assert "whether recovery is active" in finding.message
    for what in ("guards=[", "portinfra.dr.recovery", "guards=()", "--without-peer"):
        assert what in finding.fix


def test_a_declaration_in_hcl_gets_advice_without_python(returned):
    in_hcl = evolve(PRODUCTION, location=Location("shop.hcl", 1))
    (finding,) = workflow.plan(SHOP, in_hcl).errors
    assert "guards=" not in finding.fix
    assert "portinfra.dr" not in finding.fix
    for what in ("same file", "-f", "--source-on", "--without-peer"):
        assert what in finding.fix


def test_the_guard_of_another_recovery_plan_does_not_replace_the_missing_one(returned):
    elsewhere = evolve(RECOVERY, name="elsewhere")
    for other in (recovery(topology=Topology("other", SHOP.roles)), recovery(target=elsewhere)):
        plan = workflow.plan(SHOP, PRODUCTION, guards=[other])
        assert NOT_CHECKED in [finding.rule for finding in plan.errors]


def test_destroy_without_the_guard_is_refused(returned):
    plan = workflow.destroy(SHOP, PRODUCTION)
    assert [finding.rule for finding in plan.errors] == [NOT_CHECKED]
    with pytest.raises(PolicyError):
        workflow.apply(plan, seed=0)


def test_destroy_with_the_guard_warns_that_recovery_has_taken_over(returned):
    plan = workflow.destroy(SHOP, PRODUCTION, guards=[BOTH])
    assert (SUPERSEDED, WARNING) in found(plan)
    assert plan.errors == ()


@pytest.mark.parametrize(("guards", "rule"), [(None, NOT_CHECKED), ([BOTH], SUPERSEDED)])
def test_connect_neither_ensures_nor_removes_a_resource(returned, guards, rule):
    host = workflow.observe(SHOP, PRODUCTION).resources[HOST].spec
    with connect(PRODUCTION, SHOP.name, guards=guards) as cloud:
        with pytest.raises(PolicyError) as error:
            cloud.ensure(evolve(host, power="running"))
        assert rules(error) == [rule]
        with pytest.raises(PolicyError) as error:
            cloud.remove("volume.db1-data", allow_data_loss=True)
        assert rules(error) == [rule]
    assert powers(returned, PRODUCTION) == {"stopped"}


def test_an_apply_that_changes_nothing_records_the_guard(cloud):
    workflow.apply(workflow.plan(SHOP, PRODUCTION, guards=[BOTH]), seed=0)
    assert [finding.rule for finding in workflow.plan(SHOP, PRODUCTION).errors] == [NOT_CHECKED]


def test_a_change_that_is_refused_records_no_guard(cloud):
    with connect(PRODUCTION, SHOP.name, guards=[BOTH]) as there, pytest.raises(PolicyError):
        there.remove("volume.db1-data")
    assert list_leases(SHOP, PRODUCTION)[-1].peer == ""


def test_credentials_of_another_account_do_not_answer_for_the_other_environment(awake):
    elsewhere = recovery(target=evolve(RECOVERY, credentials={"account": "999999999999"}))
    plan = workflow.plan(SHOP, PRODUCTION, guards=[elsewhere])
    assert ("recovery/peer-silent", ERROR) in found(plan)


def test_an_apply_of_a_fenced_environment_moves_no_names(cloud):
    moved = []
    named = evolve(PRODUCTION, dns=moved.append)
    came_back(cloud)
    fence(BOTH, run_options=ONE)
    passed_later(cloud, 60)
    more = evolve(SHOP, tags={"stage": "blue"})
    workflow.apply(workflow.plan(more, named, guards=[BOTH]), seed=0)
    assert moved == []


def test_a_scope_that_no_recovery_plan_covers_needs_no_guard(awake):
    with connect(PRODUCTION, "scratch") as cloud:
        cloud.ensure(Network("lab", "10.99.0.0/16"))


def test_destroy_warns_that_the_other_environment_does_not_answer(awake):
    with lost(RECOVERY, untouched=False):
        plan = workflow.destroy(SHOP, PRODUCTION, guards=[BOTH])
    assert found(plan) == [("recovery/peer-silent", WARNING)]


# The check can be skipped on purpose.


def test_empty_guards_skip_the_check_with_a_warning(cloud):
    came_back(cloud)
    plan = workflow.plan(SHOP, PRODUCTION, guards=())
    assert found(plan) == [(NOT_CHECKED, WARNING)]
    assert (NOT_CHECKED, WARNING) in found(workflow.destroy(SHOP, PRODUCTION, guards=()))
    workflow.apply(plan, seed=0)
    assert powers(cloud, PRODUCTION) == {"running"}
    with connect(PRODUCTION, SHOP.name, guards=()) as one:
        assert one.ensure(Volume("notes", gib=1, zone="us-east-1a")).id
    assert NOT_CHECKED in [finding.rule for finding in workflow.plan(SHOP, PRODUCTION).errors]


def test_an_environment_without_recovery_plan_needs_no_guard(cloud):
    for guards in (None, ()):
        assert workflow.plan(SHOP, PRODUCTION, guards=guards).findings == ()


def test_an_environment_whose_peer_was_forgotten_needs_no_guard(awake):
    assert workflow.plan(SHOP, PRODUCTION).errors
    forget_peer(SHOP, PRODUCTION)
    assert workflow.plan(SHOP, PRODUCTION).findings == ()
    apply_and_check(LARGER, PRODUCTION)


# The check is repeated under the claim.


def test_apply_finds_a_takeover_that_followed_the_plan(awake):
    plan = workflow.plan(LARGER, PRODUCTION, guards=[BOTH])
    assert plan.errors == ()
    with lost(PRODUCTION):
        failover(BOTH, LOST)
    before = awake.ground_truth(PRODUCTION.account)
    with pytest.raises(PolicyError) as error:
        workflow.apply(plan, seed=0)
    assert rules(error) == [SUPERSEDED]
    assert hosts(awake.ground_truth(PRODUCTION.account)) == hosts(before)


def test_connect_finds_a_takeover_between_two_changes(awake):
    with connect(PRODUCTION, SHOP.name, guards=[BOTH]) as cloud:
        cloud.ensure(Volume("notes", gib=1, zone="us-east-1a"))
        with lost(PRODUCTION):
            failover(BOTH, LOST)
        with pytest.raises(PolicyError) as error:
            cloud.ensure(Volume("notes", gib=2, zone="us-east-1a"))
    assert rules(error) == [SUPERSEDED]


def test_apply_finds_a_recovery_plan_that_followed_the_plan(cloud):
    plan = workflow.plan(LARGER, PRODUCTION)
    assert replicate(BOTH, run_options=ONE).succeeded
    with pytest.raises(PolicyError) as error:
        workflow.apply(plan, seed=0)
    assert rules(error) == [NOT_CHECKED]


def test_a_guard_that_knows_nothing_of_recovery_stops_an_apply(cloud):
    mind = []
    plan = workflow.plan(LARGER, PRODUCTION, guards=[Frozen(mind)])
    assert plan.findings == ()
    mind.append("a release is under way")
    with pytest.raises(PolicyError, match="a release is under way"):
        workflow.apply(plan, seed=0)
    with pytest.raises(PolicyError), connect(PRODUCTION, SHOP.name, guards=[Frozen(mind)]) as one:
        one.ensure(Volume("notes", gib=1, zone="us-east-1a"))


@frozen
class Frozen:
    """A guard that finds its `reasons`."""

    reasons: list

    def peer_of(self, scope):
        return ""

    def findings(self, plan):
        return [Finding("frozen", reason) for reason in self.reasons]


def hosts(books):
    return [record for record in books if record["kind"] == "instance"]


# The claim names the other environment.


def test_a_replication_records_the_peer_of_both_environments(cloud):
    assert peer(PRODUCTION) == ""
    replicate(BOTH, run_options=ONE)
    assert (peer(PRODUCTION), peer(RECOVERY)) == ("recovery", "production")


def test_an_apply_with_the_guard_records_the_peer(cloud):
    workflow.apply(workflow.plan(LARGER, PRODUCTION, guards=[BOTH]), seed=0)
    assert peer(PRODUCTION) == "recovery"


def test_a_failover_and_a_fence_record_the_peer(awake):
    for environment in (PRODUCTION, RECOVERY):
        forget_peer(SHOP, environment)  # as an older version leaves it
    with lost(PRODUCTION):
        failover(BOTH, LOST)
    assert peer(RECOVERY) == "production"
    fence(BOTH, run_options=ONE)
    assert peer(PRODUCTION) == "recovery"


def test_the_peer_stays_recorded_after_a_destroy(awake):
    everything = PlanOptions(allow_data_loss=frozenset({"all"}))
    workflow.apply(workflow.destroy(SHOP, PRODUCTION, everything, guards=[BOTH]), seed=0)
    passed_later(awake, 60)
    assert {record["kind"] for record in awake.ground_truth(PRODUCTION.account)} <= {"claim", "snapshot"}
    assert [finding.rule for finding in workflow.plan(SHOP, PRODUCTION).errors] == [NOT_CHECKED]


def test_a_replication_does_not_wait_for_an_apply_to_record_the_peer(cloud):
    lines = []
    with Connection.to(PRODUCTION) as there, there.start_run(BOTH.source_scope, ONE):
        assert replicate(BOTH, run_options=ONE, say=lines.append).succeeded
    assert any("does not name recovery yet" in line for line in lines)
    assert replicate(BOTH, run_options=ONE).succeeded
    assert peer(PRODUCTION) == "recovery"


# The fence holds for single resources, too.


def test_connect_starts_no_host_of_a_fenced_environment(awake):
    failover(BOTH, HOW)
    host = workflow.observe(SHOP, PRODUCTION).resources[HOST].spec
    with connect(PRODUCTION, SHOP.name, guards=[BOTH]) as cloud:
        for wanted in (
            evolve(host, power="running"),
            evolve(host, name="web2", private_address="10.0.0.99", power="running"),
        ):
            with pytest.raises(PolicyError) as error:
                cloud.ensure(wanted)
            assert rules(error) == ["recovery/fenced-host"]
        assert cloud.ensure(Volume("notes", gib=1, zone="us-east-1a")).id
    assert powers(awake, PRODUCTION) == {"stopped"}


def test_the_guards_of_an_environment_are_the_recoveries_that_it_is_in():
    other = evolve(RECOVERY, name="other")
    places = [PRODUCTION, RECOVERY, other]
    for environment in (PRODUCTION, RECOVERY):
        assert recoveries_of(SHOP, environment, [BOTH.plan], places) == (BOTH,)
    assert recoveries_of(SHOP, other, [BOTH.plan], places) == ()
