"""A takeover that goes back to data that it had before keeps what was written in between."""

import pytest
from attrs import evolve
from turning import HOW, passed_later, said
from worlds import ONE, RECOVERY, recovery, write

from portinfra.model.recovery import Action
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.approve import approve
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.status import status

STEP = Action("bank", manual=True, limit="1m", after="db")
STOPPED = recovery(rto="99h", rpo="99h", actions=[Action("promote", run=lambda inventory: False)])
GOOD = recovery(rto="99h", rpo="99h")


@pytest.fixture
def two_points(ready):
    passed_later(ready, 100)
    replicate(GOOD, now=True, run_options=ONE)
    return [point.id for point in status(GOOD).points][:2]


def test_what_was_written_on_each_selected_point_is_kept(ready, two_points):
    first, second = two_points
    failover(STOPPED, HOW)
    write(ready, RECOVERY, "on the first")
    failover(STOPPED, evolve(HOW, without=[first]))
    write(ready, RECOVERY, "on the second")
    failover(STOPPED, evolve(HOW, without=[second]))
    write(ready, RECOVERY, "on the first again")
    evidence = failover(GOOD, evolve(HOW, without=[first]))
    kept = {ready.read(each.snapshot).decode() for each in evidence.left_aside}
    assert kept == said("on the first") | said("on the second") | said("on the first again")


def test_an_approval_of_a_manual_step_does_not_count_after_another_selection(ready, two_points):
    first, second = two_points
    waits = recovery(rto="99h", rpo="99h", actions=[STEP])
    stops = recovery(
        rto="99h", rpo="99h", actions=[STEP, Action("promote", run=lambda inventory: False, after="db")]
    )
    failover(stops, HOW)
    approve(stops, "bank")
    failover(stops, HOW)
    failover(waits, evolve(HOW, without=[first]))
    evidence = failover(waits, evolve(HOW, without=[second]))
    assert [point.id for point in evidence.points] == [first]
    assert [(each.name, each.passed) for each in evidence.actions] == [("bank", False)]
