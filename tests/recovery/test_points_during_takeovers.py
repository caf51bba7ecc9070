"""No point is made while a takeover, to either end, has begun and is not done: its data may be old."""

from contextlib import suppress

import pytest
from turning import (
    HOW,
    LOST,
    dies_at,
    giving_up_dies_between,
    lost,
    passed_later,
    powers,
    refused,
    rules,
    stuck,
    writes_to,
)
from worlds import ONE, PRODUCTION, RECOVERY, TWO, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError
from portinfra.model.recovery import Wave
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status, status_of_way


def a_failover_that_has_not_reached_the_source():
    dies_at(writes_to(PRODUCTION), lambda: failover(recovery(), HOW))


def a_failover_that_stops_the_source():
    dies_at("StopInstance", lambda: failover(recovery(), HOW))


def a_failover_half_way():
    stuck()


def a_failover_half_way_without_the_source():
    stuck(options=LOST)


def a_failover_half_given_up():
    stuck()
    giving_up_dies_between()


def a_way_back_that_stops_the_target():
    failover(recovery(), HOW)
    dies_at("StopInstance", lambda: failback(recovery(), HOW))


def a_way_back_half_way():
    failover(recovery(), HOW)
    stuck("failback", failback)


SITUATIONS = {
    a_failover_that_has_not_reached_the_source: "failover-under-way",
    a_failover_that_stops_the_source: "failover-under-way",
    a_failover_half_way: "failover-under-way",
    a_failover_half_way_without_the_source: "failover-under-way",
    a_failover_half_given_up: "being-abandoned",
    a_way_back_that_stops_the_target: "failback-under-way",
    a_way_back_half_way: "failback-under-way",
}


def points_of_both_ways():
    return [point.id for way in (recovery(), recovery().reversed) for point in status_of_way(way).points]


@pytest.mark.parametrize(
    ("situation", "rule"), SITUATIONS.items(), ids=[each.__name__ for each in SITUATIONS]
)
def test_no_point_is_made_while_a_takeover_is_under_way(ready, situation, rule):
    situation()
    passed_later(ready, 3600)
    before = points_of_both_ways()
    with pytest.raises(PolicyError) as error:
        replicate(recovery(), now=True, run_options=ONE)
    assert rules(error) == [f"recovery/{rule}"]
    assert "dr abandon shop" in error.value.findings[0].fix
    with pytest.raises(PolicyError):
        replicate(recovery().reversed, now=True, run_options=ONE)
    assert points_of_both_ways() == before


# Half a way back: production has the newest databases and the oldest files.


def two_roles(passes):
    gated = Wave(["db"], gates=lambda inventory: bool(passes), limit="4m")
    return recovery(topology=TWO, waves=[gated, ["files"], ["web"]], rto="9h")


def contents(cloud, environment):
    return {text.partition(" of ")[0] for text in written(cloud, environment).values()}


@pytest.fixture
def half_way_back(cloud):
    """The way back has stopped between its waves; what it passes by is to be put into the list."""
    passes = [True]
    about = two_roles(passes)
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    write(cloud, PRODUCTION, "old")
    assert replicate(about, run_options=ONE).succeeded
    assert failover(about, HOW).result == "passed"
    write(cloud, RECOVERY, "new")
    passes.clear()
    assert failback(about, HOW).result == "failed"
    assert contents(cloud, PRODUCTION) == {"old", "new"}
    with suppress(PolicyError):
        replicate(about, run_options=ONE)  # the timer
    return about, passes


def test_the_timer_does_not_make_old_data_the_newest(cloud, half_way_back):
    about, passes = half_way_back
    passes.append(True)
    with lost(PRODUCTION):
        assert failover(about, LOST).result == "passed"
    assert contents(cloud, RECOVERY) == {"new"}
    assert powers(cloud, RECOVERY) == {"running"}


def test_the_way_back_is_finished_and_the_next_point_has_the_newest_data(cloud, half_way_back):
    about, passes = half_way_back
    passes.append(True)
    assert failback(about, HOW).result == "passed"
    assert contents(cloud, PRODUCTION) == {"new"}
    assert replicate(about, run_options=ONE).succeeded
    with lost(PRODUCTION):
        assert failover(about, LOST).result == "passed"
    assert contents(cloud, RECOVERY) == {"new"}


def test_the_way_back_is_given_up_and_the_target_has_the_newest_data(cloud, half_way_back):
    about, passes = half_way_back
    assert refused(failover, about, HOW) == ["recovery/failback-under-way"]
    next_step = "Continue it: `portinfra dr failback shop`; or abandon it: `portinfra dr abandon shop`."
    assert status(about).next_step == next_step
    abandon(about.reversed, HOW)
    assert contents(cloud, RECOVERY) == {"new"}
    passes.append(True)
    assert failback(about, HOW).result == "passed"
    assert contents(cloud, PRODUCTION) == {"new"}


def test_one_that_went_on_without_the_target_names_the_command_that_finishes_it(cloud, half_way_back):
    about, passes = half_way_back
    with lost(RECOVERY):
        assert failback(about, LOST).result == "failed"
    with pytest.raises(PolicyError) as error:
        replicate(about, now=True, run_options=ONE)
    assert rules(error) == ["recovery/failback-under-way"]
    assert "dr failback shop" in error.value.findings[0].fix
    passes.append(True)
    assert failback(about, LOST).result == "passed"
    assert contents(cloud, PRODUCTION) == {"new"}
