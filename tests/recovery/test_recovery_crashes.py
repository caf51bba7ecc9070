"""A crash at every call of a replication, a drill, a failover and the way back: run again, all ends well.

What is counted is counted in the cloud's own books.
"""

import pytest
from attrs import evolve
from sweeps import ground_truth, once_more, one_in_quick, strides, sweep_through
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.model.recovery import DataPolicy, Wave
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.testing.fake import SHAPES, FakeCloud, plugin
from portinfra.testing.simulation import apply_and_check

pytestmark = pytest.mark.slow

STRIDE = 24
"""A full run tries the crashes of one write in so many, others in each shape; the soak, of every write."""


@pytest.fixture(params=one_in_quick("aws", "gcp", "libvirt"))
def world(request, monkeypatch):
    """A new world of a shape, without limits of rate, each time it is called."""

    def new():
        cloud = plugin.cloud = FakeCloud(shape=evolve(SHAPES[request.param], rates={}, page_size=1000))
        apply_and_check(SHOP, PRODUCTION)
        write(cloud, PRODUCTION, "ledger")
        return cloud

    yield new
    plugin.cloud = None


stride = strides(STRIDE, quick=150)
stride_of_many = strides(2 * STRIDE, quick=400)
"""For the verbs that make several hundred calls."""


def test_replicating(world, stride):
    cloud = world()
    production = ground_truth(PRODUCTION)

    def ends_well():
        assert replicate(recovery(), run_options=ONE).succeeded
        found = status(recovery())
        assert found.level == "ok"
        assert all(point.restorable for point in found.points)
        copies = ground_truth(RECOVERY)
        assert {kind for kind, _, _ in copies} == {"snapshot"}
        assert len(copies) == 2 * len(found.points)
        taken = [record for record in ground_truth(PRODUCTION) if record not in production]
        assert [kind for kind, _, _ in taken] == ["snapshot", "snapshot"]
        assert [record for record in production if record not in ground_truth(PRODUCTION)] == []

    sweep_through(lambda: cloud, lambda: replicate(recovery(), run_options=ONE), ends_well, stride)


def test_a_drill(world, stride):
    world()
    assert replicate(recovery(), run_options=ONE).succeeded
    production, points = ground_truth(PRODUCTION), ground_truth(RECOVERY)
    claims = plugin.cloud.ground_truth(PRODUCTION.account)

    def ends_well():
        assert {swept.fate for swept in sweep(recovery(), run_options=ONE)} <= {"removed"}
        assert ground_truth(RECOVERY) == points
        assert ground_truth(PRODUCTION) == production
        assert plugin.cloud.ground_truth(PRODUCTION.account) == claims
        assert status(recovery()).drills == ()

    sweep_through(lambda: None, lambda: drill(recovery(), run_options=ONE), ends_well, stride)


def test_a_failover(world, stride):
    world()
    assert replicate(recovery(), run_options=ONE).succeeded
    production = {(kind, name) for kind, name, _ in ground_truth(PRODUCTION)}

    def ends_well():
        once_more(failover, recovery(), "recovery/stands-already")
        assert set(written(plugin.cloud, RECOVERY).values()) == {
            "ledger of volume.db1-data",
            "ledger of volume.db2-data",
        }
        assert {state for _, _, state in ground_truth(RECOVERY, "instance")} == {"running"}
        assert {state for _, _, state in ground_truth(PRODUCTION, "instance")} == {"stopped"}
        assert {(kind, name) for kind, name, _ in ground_truth(PRODUCTION)} == production
        assert workflow.plan(SHOP, RECOVERY).empty
        assert workflow.plan(SHOP, PRODUCTION).empty
        assert status(recovery()).turn is None

    sweep_through(
        lambda: None, lambda: failover(recovery(), FailoverOptions(run_options=ONE)), ends_well, stride
    )


def test_the_way_back(world, stride_of_many):
    world()
    assert replicate(recovery(), run_options=ONE).succeeded
    failover(recovery(), FailoverOptions(run_options=ONE))
    write(plugin.cloud, RECOVERY, "newer")

    def ends_well():
        once_more(failback, recovery(), "recovery/source-stands")
        assert set(written(plugin.cloud, PRODUCTION).values()) == {
            "newer of volume.db1-data",
            "newer of volume.db2-data",
        }
        assert {state for _, _, state in ground_truth(PRODUCTION, "instance")} == {"running"}
        assert {state for _, _, state in ground_truth(RECOVERY, "instance")} == {"stopped"}
        assert workflow.plan(SHOP, PRODUCTION).empty
        assert workflow.plan(SHOP, RECOVERY).empty

    sweep_through(
        lambda: None,
        lambda: failback(recovery(), FailoverOptions(run_options=ONE)),
        ends_well,
        stride_of_many,
    )


def test_the_way_back_of_one_that_others_join(world, stride_of_many):
    about = recovery(data=[DataPolicy("db", seed="one")])
    world()
    assert replicate(about, run_options=ONE).succeeded
    failover(about, FailoverOptions(run_options=ONE))
    write(plugin.cloud, RECOVERY, "newer")

    def ends_well():
        once_more(failback, about, "recovery/source-stands")
        assert written(plugin.cloud, PRODUCTION) == {
            "volume.db1-data": "newer of volume.db1-data",
            "volume.db2-data": "",
        }
        assert {state for _, _, state in ground_truth(PRODUCTION, "instance")} == {"running"}
        assert workflow.plan(SHOP, PRODUCTION).empty

    sweep_through(
        lambda: None, lambda: failback(about, FailoverOptions(run_options=ONE)), ends_well, stride_of_many
    )


def test_giving_up(world, stride):
    world()
    assert replicate(recovery(), run_options=ONE).succeeded
    stuck = recovery(waves=[Wave(["db"], gates=lambda inventory: False, limit="10s"), ["web"]])
    assert failover(stuck, FailoverOptions(run_options=ONE)).result == "failed"

    def ends_well():
        once_more(lambda about, options: abandon(about, options), recovery(), "recovery/nothing-under-way")
        assert set(written(plugin.cloud, PRODUCTION).values()) == {
            "ledger of volume.db1-data",
            "ledger of volume.db2-data",
        }
        assert {state for _, _, state in ground_truth(PRODUCTION, "instance")} == {"running"}
        assert {state for _, _, state in ground_truth(RECOVERY, "instance")} == {"stopped"}
        assert workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).empty
        assert status(recovery()).turn is None

    sweep_through(
        lambda: None, lambda: abandon(recovery(), FailoverOptions(run_options=ONE)), ends_well, stride
    )
