"""Points that are damaged are left aside, by their ids: no newer data is lost with them then."""

import pytest
from turning import HOW, lost, passed_later, powers, rules, said
from worlds import ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.errors import PolicyError
from portinfra.recovery.abandon import stand_alone
from portinfra.recovery.failback import failback
from portinfra.recovery.failover import failover
from portinfra.recovery.replicate import replicate


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
