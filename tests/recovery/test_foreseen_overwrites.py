"""Law: a plan names the volumes of which the takeover then keeps snapshots, and the true reason for that."""

import pytest
from attrs import evolve
from begun import begun
from sweeps import one_in_quick
from turning import HOW, LOST, lost, passed_later, switch_by_hand
from worlds import ONE, PRODUCTION, RECOVERY, TWO, recovery, write

from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.testing.simulation import apply_and_check

PLANNED = evolve(HOW, planned=True)


def detach_one_volume(cloud):
    """A person detaches the volume of db1 in production."""
    mine = cloud.ground_truth(PRODUCTION.account)
    (volume,) = [r["id"] for r in mine if r["kind"] == "volume" and "db1" in r["name"]]
    (host,) = [r["id"] for r in mine if r["kind"] == "instance" and "db1" in r["name"]]
    given = {"id": volume, "instance": host}
    cloud.request(PRODUCTION.account, PRODUCTION.region, "DetachVolume", given)
    passed_later(cloud, 600)


def a_volume_is_detached(cloud):
    failover(recovery(), PLANNED)
    detach_one_volume(cloud)


def hosts_started_by_hand(cloud):
    failover(recovery(), PLANNED)
    switch_by_hand(cloud, PRODUCTION, "StartInstance")
    switch_by_hand(cloud, PRODUCTION, "StopInstance")


def production_ran_on(cloud):
    with lost(PRODUCTION):
        failover(recovery(), LOST)
    write(cloud, PRODUCTION, "an hour more")
    fence(recovery(), run_options=ONE)


def production_was_stopped_before_its_last_orders_were_carried(cloud):
    failover(recovery(), HOW)


def nothing_else_happened(cloud):
    failover(recovery(), PLANNED)


ACTIVE = "production was active after its last point"
CASES = {
    "detached": (
        a_volume_is_detached,
        "db1-data is not attached to its own host, so another host may have written there",
    ),
    "started": (hosts_started_by_hand, "hosts of production may have run since they were stopped"),
    "double life": (production_ran_on, ACTIVE),
    "failover without a last point": (production_was_stopped_before_its_last_orders_were_carried, ACTIVE),
}


def foreseen(options=HOW, about=None):
    found = make_forecast((about or recovery()).reversed, options).findings
    return [each.message for each in found if each.rule == "recovery/overwrites-data"]


@pytest.mark.parametrize("case", one_in_quick(*CASES))
def test_a_plan_of_the_way_back_names_them_with_the_reason(ready, case):
    happen, why = CASES[case]
    happen(ready)
    assert foreseen() == [f"{why}: the takeover replaces db1-data, db2-data"]
    kept = [each.volume for each in failback(recovery(), HOW).left_aside]
    assert kept == ["db1-data", "db2-data"]


def test_a_plan_after_a_last_point_names_none(ready):
    nothing_else_happened(ready)
    assert foreseen() == []
    assert failback(recovery(), HOW).left_aside == ()


def test_a_plan_without_the_lost_end_says_that_it_is_not_known(ready):
    nothing_else_happened(ready)
    write(ready, RECOVERY, "orders")
    assert replicate(recovery(), run_options=ONE).succeeded
    why = "recovery is lost, so it is not known whether it has all data of production"
    with lost(RECOVERY):
        assert foreseen(LOST) == [f"{why}: the takeover replaces db1-data, db2-data"]
        kept = [each.volume for each in failback(recovery(), LOST).left_aside]
    assert kept == ["db1-data", "db2-data"]


def test_it_names_all_of_the_wave_in_which_one_is_detached_and_none_of_another_wave():
    waves = recovery(topology=TWO, waves=[["db"], ["files"], ["web"]])

    def happen(cloud):
        apply_and_check(TWO, PRODUCTION)
        assert replicate(waves, run_options=ONE).succeeded
        failover(waves, PLANNED)
        detach_one_volume(cloud)

    with begun(happen):
        (message,) = foreseen(about=waves)
        assert message.endswith(": the takeover replaces db1-data, db2-data")
        assert [each.volume for each in failback(waves, HOW).left_aside] == ["db1-data", "db2-data"]
