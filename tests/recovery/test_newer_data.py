"""Older data never takes the place of newer data unasked."""

from unittest import mock

import pytest
from attrs import evolve
from turning import (
    HOW,
    LOST,
    dies_after,
    lost,
    newer_data_is_kept,
    passed_later,
    said,
    silent,
    silent_from,
    stuck,
)
from worlds import ONE, PRODUCTION, RECOVERY, TWO, WAVES, recovery, write, written

from portinfra import workflow
from portinfra.errors import Unavailable
from portinfra.model.recovery import DataPolicy
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast

pytestmark = pytest.mark.slow

OLDER = evolve(HOW, from_points=True)
PLANNED = evolve(HOW, planned=True)


def back_without_a_point_since(cloud):
    """Production serves again, with what was written in recovery. No point was made since."""
    failover(recovery(), HOW)
    write(cloud, RECOVERY, "a day of orders")
    assert failback(recovery(), HOW).result == "passed"
    passed_later(cloud, 60)


@pytest.mark.parametrize("way", ["own volumes", "a point", "a last point", "points only"])
def test_a_failover_uses_the_newest_data_of_recovery(ready, way):
    """Of own volumes and points, by their numbers in the ledger; older data only where it is asked for."""
    back_without_a_point_since(ready)
    if way == "a point":
        assert replicate(recovery(), now=True, run_options=ONE).succeeded
    options = {"a last point": PLANNED, "points only": OLDER}.get(way, HOW)
    (source,) = make_forecast(recovery(), evolve(options, planned=None)).data
    assert source.what.startswith("own volumes" if way in ("own volumes", "a last point") else "point ")
    assert failover(recovery(), options).result == "passed"
    newest = "ledger" if way == "points only" else "a day of orders"
    assert set(written(ready, RECOVERY).values()) == said(newest)


def test_orders_of_a_target_that_was_given_up_for_lost_are_not_replaced_unasked(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    with lost(RECOVERY):
        failback(recovery(), LOST)
    assert "recovery/not-fenced" in [each.rule for each in make_forecast(recovery()).findings]
    fence(recovery(), run_options=ONE)
    assert failover(recovery(), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("a day of orders")


@pytest.mark.parametrize("failing_back", [False, True])
def test_no_takeover_that_goes_on_replaces_newer_data_either(ready, failing_back):
    """Law 3 over both directions: the end that takes over has no older data afterwards."""
    back_without_a_point_since(ready)
    if failing_back:
        assert failover(recovery(), PLANNED).result == "passed"
        write(ready, RECOVERY, "more orders")
        dies_after("fencing", verb=failback)
        assert failback(recovery(), HOW).result == "passed"
        assert set(written(ready, PRODUCTION).values()) == said("more orders")
    else:
        dies_after("fencing", options=PLANNED)
        assert failover(recovery(), HOW).result == "passed"
        assert set(written(ready, RECOVERY).values()) == said("a day of orders")


def test_the_last_point_of_a_planned_failover_is_older_than_what_was_written_after_it(ready):
    failover(recovery(), evolve(HOW, planned=True))
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    newer_data_is_kept(ready)


def test_a_takeover_that_began_with_older_data_goes_on_with_it_and_keeps_the_newer(ready):
    """The choice is in the ledger since the takeover began, while the source still answered in part."""
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    assert failback(recovery(), HOW).result == "passed"
    with silent_from(ready, "fencing", "us-east-1b") as say, pytest.raises(Unavailable) as error:
        failover(recovery(), OLDER, say=say)
    assert "dr failover shop --lost production" in error.value.fix
    assert "dr abandon shop" in error.value.fix
    with lost(PRODUCTION):
        evidence = failover(recovery(rto="99h", rpo="99h"), LOST)
    assert evidence.result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")
    kept = [ready.read(each.snapshot).decode() for each in evidence.left_aside]
    assert kept
    assert all("a day of orders" in text for text in kept)


def test_who_insists_on_older_data_gets_it_though_the_source_is_lost_meanwhile(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    assert failback(recovery(), HOW).result == "passed"
    dies_after("wave 1", options=OLDER)
    with lost(PRODUCTION):
        assert failover(recovery(rto="9h"), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_volumes_of_silent_zones_may_hold_newer_data(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    with silent(ready, "eu-west-1a", "eu-west-1b", "eu-west-1c"), lost(PRODUCTION):
        assert failover(recovery(), LOST).result == "failed"
    newer_data_is_kept(ready)


def test_who_insists_on_older_data_gets_it(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    with lost(PRODUCTION):
        assert failover(recovery(rto="9h"), evolve(LOST, from_points=True)).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_after_a_way_back_every_group_is_due_for_none_has_a_point_of_what_came_back(cloud):
    data = [DataPolicy("db", schedule="1h"), DataPolicy("files", schedule="24h")]
    about = recovery(topology=TWO, waves=WAVES, rpo="48h", rto="9h", data=data)
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    assert replicate(about, run_options=ONE).succeeded
    failover(about, HOW)
    assert failback(about, HOW).result == "passed"
    write(cloud, PRODUCTION, "newer")
    made = replicate(about, run_options=ONE)
    assert [group.fate for group in made.groups] == ["carried", "carried"]
    with lost(PRODUCTION):
        assert failover(about, LOST).result == "passed"
    assert written(cloud, RECOVERY)["volume.db1-data"] == "newer of volume.db1-data"


def test_who_is_left_uses_the_newer_points_that_lie_beside_its_volumes(ready):
    failover(recovery(), HOW)
    assert failback(recovery(), HOW).result == "passed"
    passed_later(ready, 24 * 3600)
    write(ready, PRODUCTION, "newer")
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    with lost(PRODUCTION):
        assert failover(recovery(), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("newer")


def test_a_timer_whose_clock_is_ahead_makes_no_point_newer_than_what_was_written_after_it(ready):
    passed_later(ready, 3600)
    ahead = property(lambda self: self.connection.provider.clock.now() + 300)
    with mock.patch.object(SnapshotStore, "now", ahead):
        assert replicate(recovery(), now=True, run_options=ONE).succeeded
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    newer_data_is_kept(ready)
