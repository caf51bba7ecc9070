"""Points that are damaged are left aside, by their ids: no newer data is lost with them then."""

import pytest
from attrs import evolve
from sweeps import one_in_quick
from turning import (
    HOW,
    LOST,
    declares,
    dies_at,
    lost,
    passed_later,
    powers,
    said,
    takes,
)
from worlds import ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover


@pytest.fixture
def came_back(cloud):
    """Production has gone and come back. Since then it has sent one point, which nobody has used."""
    assert replicate(recovery(), run_options=ONE).succeeded
    failover(recovery(), HOW)
    write(cloud, RECOVERY, "a day of orders")
    assert failback(recovery(), HOW).result == "passed"
    passed_later(cloud, 24 * 3600)
    write(cloud, PRODUCTION, "damaged on its way")
    return replicate(recovery(), now=True, run_options=ONE).groups[0].point


def test_who_is_left_takes_over_with_its_own_data_beside_a_newer_point_that_is_damaged(cloud, came_back):
    with lost(PRODUCTION):
        assert failover(recovery(rpo="99h"), evolve(LOST, without=[came_back])).result == "passed"
    assert set(written(cloud, RECOVERY).values()) == said("a day of orders")
    assert powers(cloud, RECOVERY) == {"running"}


def test_what_is_written_then_is_never_given_up_for_what_was_left_aside(cloud, came_back):
    with lost(PRODUCTION):
        failover(recovery(rpo="99h"), evolve(LOST, without=[came_back]))
    write(cloud, RECOVERY, "a week of orders")
    passed_later(cloud, 7 * 24 * 3600)
    fence(recovery(), run_options=ONE)
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    with lost(PRODUCTION):
        failover(recovery(rpo="999h"), LOST)
    assert set(written(cloud, RECOVERY).values()) == said("a week of orders")


TAKING_OVER = {
    "its ledger": takes(recovery().ledger),
    "its claim": declares(recovery().target_scope, fenced=False),
    "its hosts": "StartInstance",
}
"""The calls that tell of it, in their order."""


@pytest.mark.parametrize("at", one_in_quick(*TAKING_OVER))
def test_whoever_dies_while_it_takes_over_with_its_own_data_goes_on_with_it(cloud, came_back, at):
    about = recovery(rpo="99h", rto="9h")
    with lost(PRODUCTION):
        dies_at(TAKING_OVER[at], lambda: failover(about, evolve(LOST, without=[came_back])))
        options = evolve(LOST, without=[came_back]) if at == "its ledger" else LOST
        assert failover(about, options).result == "passed"
    assert set(written(cloud, RECOVERY).values()) == said("a day of orders")
    assert powers(cloud, RECOVERY) == {"running"}
