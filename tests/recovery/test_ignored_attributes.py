"""Law: a recovery decides which hosts run, whatever a role ignores."""

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, powers, said, switch_by_hand
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.planning.fingerprints import declaration_digest
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.refresh import refresh
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.testing.simulation import apply_and_check

IGNORES = evolve(SHOP, roles=[evolve(role, ignore=("power",)) for role in SHOP.roles])
ABOUT = recovery(topology=IGNORES, rto="99h", rpo="99h")
PLANNED = evolve(HOW, planned=True)


def ignoring_roles_have_a_point(cloud):
    apply_and_check(IGNORES, PRODUCTION)
    write(cloud, PRODUCTION, "monday")
    assert replicate(ABOUT, run_options=ONE).succeeded


@pytest.fixture
def taken_over():
    """Recovery is active, and production waits."""
    with begun(ignoring_roles_have_a_point) as cloud:
        assert failover(ABOUT, HOW).result == "passed"
        yield cloud


def test_a_takeover_stops_the_hosts_of_the_other_end(taken_over):
    assert powers(taken_over, PRODUCTION) == {"stopped"}
    assert powers(taken_over, RECOVERY) == {"running"}


def test_an_apply_of_a_fenced_environment_stops_a_host_that_a_person_started(taken_over):
    switch_by_hand(taken_over, PRODUCTION, "StartInstance")
    workflow.apply(workflow.plan(IGNORES, PRODUCTION, guards=[ABOUT]), seed=0)
    assert powers(taken_over, PRODUCTION) == {"stopped"}


def test_a_plan_of_a_fenced_environment_has_the_declaration_that_it_was_made_from(taken_over):
    fenced = workflow.plan(IGNORES, PRODUCTION, guards=[ABOUT])
    assert fenced.placed.topology == IGNORES
    assert declaration_digest(fenced) == declaration_digest(workflow.destroy(IGNORES, PRODUCTION, guards=()))


def test_a_takeover_back_brings_the_data_and_starts_the_hosts(taken_over):
    write(taken_over, RECOVERY, "tuesday")
    assert failback(ABOUT, PLANNED).result == "passed"
    assert powers(taken_over, PRODUCTION) == {"running"}
    assert powers(taken_over, RECOVERY) == {"stopped"}
    assert set(written(taken_over, PRODUCTION).values()) == said("tuesday")


def test_a_plan_of_a_standby_names_the_hosts_that_it_leaves_off(taken_over):
    standby = recovery(topology=IGNORES, standby="running", rto="99h", rpo="99h")

    def finding():
        found = workflow.plan(IGNORES, RECOVERY, guards=[standby]).findings
        return next(each for each in found if each.rule == "recovery/standby")

    assert failback(ABOUT, PLANNED).result == "passed"
    assert replicate(ABOUT, now=True, run_options=ONE).succeeded
    assert "this plan leaves db1, db2, web1 off" in finding().message
    assert "To start them with newer data: `portinfra dr refresh shop`." in finding().fix
    assert refresh(standby, HOW).result == "passed"
    assert powers(taken_over, RECOVERY) == {"running"}
    assert "its hosts run" in finding().message
