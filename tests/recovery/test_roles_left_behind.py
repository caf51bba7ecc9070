"""Roles in `without` have no wave. The fence stops their hosts, and a takeover back starts them again."""

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, dies_at, passed_later, powers
from worlds import FEW, ONE, PRODUCTION, RECOVERY, SHOP, recovery

from portinfra import workflow
from portinfra.errors import InvalidRequest
from portinfra.model.resources import Volume
from portinfra.model.topology import Role
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.simulation import apply_and_check

CACHE = Role("cache", count=2, waive=FEW, volumes=[Volume("data", gib=1, mount="/cache")])
WITH_CACHE = evolve(SHOP, roles=[*SHOP.roles, CACHE])
ABOUT = recovery(topology=WITH_CACHE, without=["cache"], rpo="99h", rto="9h")
PLANNED = evolve(HOW, planned=True)


def caches(cloud, environment):
    """The states of the caches of an environment."""
    passed_later(cloud, 3600)
    return [
        record["state"]
        for record in cloud.ground_truth(environment.account)
        if record["kind"] == "instance" and "cache" in record["name"]
    ]


def shop_with_caches_has_a_point(cloud):
    """Bring the shop with its caches up in production, with a point."""
    apply_and_check(WITH_CACHE, PRODUCTION)
    assert replicate(ABOUT, run_options=ONE).succeeded


@pytest.fixture
def cloud():
    with begun(shop_with_caches_has_a_point) as cloud:
        yield cloud


def test_a_takeover_starts_every_host_that_the_fence_stopped_in_both_directions(cloud):
    assert failover(ABOUT, HOW).result == "passed"
    assert caches(cloud, PRODUCTION) == ["stopped", "stopped"]
    assert caches(cloud, RECOVERY) == [], "no takeover creates them"
    workflow.apply(workflow.plan(WITH_CACHE, RECOVERY, guards=[ABOUT]))
    assert failback(ABOUT, HOW).result == "passed"
    assert powers(cloud, PRODUCTION) == {"running"}
    assert powers(cloud, RECOVERY) == {"stopped"}
    assert workflow.plan(WITH_CACHE, PRODUCTION, guards=[ABOUT]).empty
    assert failover(ABOUT, PLANNED).result == "passed"
    assert powers(cloud, RECOVERY) == {"running"}
    assert len(caches(cloud, RECOVERY)) == 2


def test_a_host_that_does_not_start_ends_no_takeover_and_is_named(cloud):
    assert failover(ABOUT, HOW).result == "passed"

    hosts = [record for record in cloud.ground_truth(PRODUCTION.account) if record["kind"] == "instance"]
    (first,) = [host["id"] for host in hosts if "cache1" in host["name"]]

    def hand(provider, call):
        if call.action == "StartInstance" and first in call.parameters.values():
            raise InvalidRequest("no more hosts of this size")
        return provider.perform(call)

    with wrap_calls("fake", hand):
        evidence = failback(ABOUT, HOW)
    assert evidence.result == "failed"
    assert any("apply production` starts the others" in reason for reason in evidence.reasons)
    workflow.apply(workflow.plan(WITH_CACHE, PRODUCTION, guards=[ABOUT]))
    assert powers(cloud, PRODUCTION) == {"running"}


def test_evidence_names_only_points_of_roles_that_come_back(cloud):
    """A role is left behind after the takeover has decided on a point of it."""
    with_caches = recovery(topology=WITH_CACHE, waves=[["db"], ["web"], ["cache"]], rpo="99h", rto="9h")
    assert replicate(with_caches, now=True, run_options=ONE).succeeded
    dies_at("CreateInstance", lambda: failover(with_caches, HOW))
    passed_later(cloud, 3600)
    evidence = failover(ABOUT, HOW)
    assert evidence.result == "passed"
    assert [point.group for point in evidence.points] == ["db"]
