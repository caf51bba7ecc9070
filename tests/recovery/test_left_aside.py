"""Points that are damaged are left aside, by their ids: no newer data is lost with them then."""

import pytest
from attrs import evolve
from turning import (
    HOW,
    LOST,
    declares,
    dies_at,
    lost,
    passed_later,
    powers,
    refused,
    rules,
    said,
    stuck,
    takes,
)
from worlds import ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.errors import PolicyError
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import stand_alone
from portinfra.recovery.takeover.failback import failback
from portinfra.recovery.takeover.failover import failover
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.watch.status import status


@pytest.fixture
def came_back(cloud):
    """Production has gone and come back. Since then it has sent one point, which nobody has used."""
    assert replicate(recovery(), pace=ONE).succeeded
    failover(recovery(), HOW)
    write(cloud, RECOVERY, "a day of orders")
    assert failback(recovery(), HOW).result == "passed"
    passed_later(cloud, 24 * 3600)
    write(cloud, PRODUCTION, "damaged on its way")
    return replicate(recovery(), now=True, pace=ONE).groups[0].point


def test_who_is_left_stands_alone_beside_a_newer_point_that_is_damaged(cloud, came_back):
    with lost(PRODUCTION):
        with pytest.raises(PolicyError) as error:
            stand_alone(recovery().turned, pace=ONE)
        assert rules(error) == ["recovery/newer-points"]
        assert came_back in error.value.findings[0].message
        assert "--without-point" in error.value.findings[0].fix
        with pytest.raises(PolicyError):
            stand_alone(recovery().turned, without=["another"], pace=ONE)
        assert stand_alone(recovery().turned, without=[came_back], pace=ONE).running == 3
    assert set(written(cloud, RECOVERY).values()) == said("a day of orders")
    assert powers(cloud, RECOVERY) == {"running"}


def test_what_is_written_then_is_never_given_up_for_what_was_left_aside(cloud, came_back):
    with lost(PRODUCTION):
        stand_alone(recovery().turned, without=[came_back], pace=ONE)
    write(cloud, RECOVERY, "a week of orders")
    passed_later(cloud, 7 * 24 * 3600)
    fence(recovery(), pace=ONE)
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    with lost(PRODUCTION):
        assert refused(failover, recovery(), LOST) == ["recovery/newer-data"]
    assert set(written(cloud, RECOVERY).values()) == said("a week of orders")


def test_who_has_begun_to_get_other_data_is_not_sent_round_in_a_circle(cloud, came_back):
    failover(recovery(), evolve(HOW, without=(came_back,), older_data=True))
    stuck("failback", failback)
    every = [point.id for point in status(recovery().turned).points]
    with lost(RECOVERY), pytest.raises(PolicyError) as error:
        stand_alone(recovery(), without=every, pace=ONE)
    assert rules(error) == ["recovery/half-replaced"]
    assert "this again" not in error.value.findings[0].fix


STANDING_ALONE = {
    "its claim": declares(recovery().target_scope, fenced=False),
    "its ledger": takes(recovery().ledger),
    "its hosts": "StartInstance",
}
"""The calls that tell of it, in their order."""


@pytest.mark.parametrize("at", STANDING_ALONE)
def test_whoever_dies_while_it_begins_to_stand_alone_has_decided_all_or_nothing(cloud, came_back, at):
    """Before the claim tells of it, nothing is; from then on, what is on the volumes is what stands."""
    with lost(PRODUCTION):
        about = recovery().turned
        dies_at(STANDING_ALONE[at], lambda: stand_alone(about, without=[came_back], pace=ONE))
        if at == "its claim":
            assert failover(recovery(rto="9h"), LOST).result == "passed"
            assert set(written(cloud, RECOVERY).values()) == said("damaged on its way")
            return
        assert refused(failover, recovery(), LOST) == ["recovery/stands-already"]
        if at == "its ledger":  # and the ledger does not yet: the point has to be left aside again
            with pytest.raises(PolicyError) as error:
                stand_alone(recovery().turned, pace=ONE)
            assert rules(error) == ["recovery/newer-points"]
        assert stand_alone(recovery().turned, without=[came_back], pace=ONE).running == 3
    assert set(written(cloud, RECOVERY).values()) == said("a day of orders")
    assert powers(cloud, RECOVERY) == {"running"}
