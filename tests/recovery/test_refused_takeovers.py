"""A turn that is refused has begun nothing, and each refusal names what works."""

import pytest
from attrs import evolve
from begun import begun
from turning import (
    HOW,
    LOST,
    dies_at,
    dies_between,
    giving_up_dies_between,
    lost,
    passed_later,
    powers,
    refused,
    said,
    stuck,
    takes,
)
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, TWO, WAVES, recovery, shop_has_a_point, write, written

from portinfra import workflow
from portinfra.model.recovery import DataPolicy, Wave
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover

# It has begun nothing.


def begin_the_way_back(cloud):
    shop_has_a_point(cloud)
    failover(recovery(), HOW)
    write(cloud, RECOVERY, "a day of orders")
    dies_between(verb=failback)


@pytest.fixture
def way_back_begun():
    """A way back has begun, and recovery has the newest data."""
    with begun(begin_the_way_back) as cloud:
        yield cloud


def test_the_way_back_goes_on(way_back_begun):
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    assert set(written(way_back_begun, PRODUCTION).values()) == said("a day of orders")


def test_no_failover_passes_it_over(way_back_begun):
    assert refused(failover, recovery(rto="9h"), HOW) == ["recovery/failback-under-way"]
    assert set(written(way_back_begun, RECOVERY).values()) == said("a day of orders")


def test_the_way_back_is_given_up_and_recovery_is_active_with_the_newest_data(way_back_begun):
    abandon(recovery(), HOW)
    assert powers(way_back_begun, PRODUCTION) == {"stopped"}
    assert powers(way_back_begun, RECOVERY) == {"running"}
    assert set(written(way_back_begun, RECOVERY).values()) == said("a day of orders")


def test_production_is_lost_then_and_recovery_is_active_with_the_newest_data(way_back_begun):
    with lost(PRODUCTION):
        assert failover(recovery(rto="9h"), LOST).result == "passed"
    assert set(written(way_back_begun, RECOVERY).values()) == said("a day of orders")


def test_who_has_begun_to_get_other_data_gets_it_whole(cloud):
    """A takeover replaced a part of the newest data, as it was told: the rest of it is not mixed in."""
    gated = [Wave(["db"], gates=lambda inventory: False, limit="10s"), ["files"], ["web"]]
    about, plain = (recovery(topology=TWO, waves=waves, rto="9h") for waves in (gated, WAVES))
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    write(cloud, PRODUCTION, "old")
    assert replicate(plain, run_options=ONE).succeeded
    failover(plain, HOW)
    write(cloud, RECOVERY, "a day of orders")
    failback(plain, HOW)
    assert failover(about, evolve(HOW, from_points=True)).result == "failed"
    with lost(PRODUCTION):
        assert failover(plain, LOST).result == "passed"
    assert {text.partition(" of ")[0] for text in written(cloud, RECOVERY).values()} == {"old"}


# It names what works.


def test_who_is_active_and_may_have_been_overtaken_takes_over_above_that(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    dies_at(takes(recovery().source_scope), lambda: failback(recovery(), HOW))
    with lost(RECOVERY):
        assert failback(recovery(), LOST).result == "passed"
    passed_later(ready, 60)
    with lost(PRODUCTION):
        failover(recovery(), LOST)
    passed_later(ready, 60)
    assert fence(recovery(), run_options=ONE) == 3
    assert powers(ready, PRODUCTION) == {"stopped"}


def test_without_any_point_who_is_left_takes_over_with_what_it_has(ready):
    failover(recovery(), HOW)
    with lost(RECOVERY):
        assert failback(recovery(), LOST).result == "passed"
    assert powers(ready, PRODUCTION) == {"running"}
    assert set(written(ready, PRODUCTION).values()) == said("ledger")


def test_each_group_comes_up_from_its_own_newest_data(cloud):
    fails = []
    data = [DataPolicy("db"), DataPolicy("files", before=lambda inventory: not fails)]
    about = recovery(topology=TWO, waves=WAVES, rpo="48h", rto="9h", data=data)
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    assert replicate(about, run_options=ONE).succeeded
    failover(about, HOW)
    write(cloud, RECOVERY, "a day of orders")
    assert failback(about, HOW).result == "passed"
    write(cloud, PRODUCTION, "a second day")
    fails.append(True)
    assert {group.fate for group in replicate(about, run_options=ONE).groups} == {"carried", "failed"}
    with lost(PRODUCTION):
        assert failover(about, LOST).result == "passed"
    found = written(cloud, RECOVERY)
    assert found["volume.db1-data"] == "a second day of volume.db1-data"
    assert found["volume.files1-data"] == "a day of orders of volume.files1-data"


def test_who_was_not_let_in_again_yet_is_told_to_finish_the_giving_up(ready):
    stuck(options=LOST)
    giving_up_dies_between()
    (finding,) = workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).errors
    assert "dr abandon shop" in finding.fix
    abandon(recovery(), HOW)
    passed_later(ready, 60)
    assert workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).errors == ()
