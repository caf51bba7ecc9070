"""A crash at every call of a refresh, and of a failover from a standby: run again, all ends well."""

import pytest
from attrs import evolve
from sweeps import ground_truth, once_more, one_in_quick, strides, sweep_through
from turning import said
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.model.internet import lets_internet_in
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.refresh import refresh
from portinfra.recovery.takeover.takeover import failover
from portinfra.testing.fake import SHAPES, FakeCloud, plugin
from portinfra.testing.simulation import apply_and_check

pytestmark = pytest.mark.slow

RUNNING = recovery(standby="running", rto="99h", rpo="99h")


@pytest.fixture(params=one_in_quick("aws", "gcp", "libvirt"))
def standby(request):
    """A world of a shape, without limits of rate, in which the target runs as a standby."""
    cloud = plugin.cloud = FakeCloud(shape=evolve(SHAPES[request.param], rates={}, page_size=1000))
    apply_and_check(SHOP, PRODUCTION)
    write(cloud, PRODUCTION, "ledger")
    assert replicate(RUNNING, run_options=ONE).succeeded
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[RUNNING]), seed=0)
    write(cloud, RECOVERY, "a test")
    yield cloud
    plugin.cloud = None


stride = strides(32, quick=80)


def test_a_refresh(standby, stride):
    production = ground_truth(PRODUCTION)

    def ends_well():
        assert refresh(RUNNING, FailoverOptions(run_options=ONE)).result == "passed"
        assert set(written(plugin.cloud, RECOVERY).values()) == said("ledger")
        assert {state for _, _, state in ground_truth(RECOVERY, "instance")} == {"running"}
        assert not lets_internet_in(workflow.observe(SHOP, RECOVERY))
        assert workflow.plan(SHOP, RECOVERY, guards=[RUNNING]).empty
        assert read_facts(RUNNING).active == "source"
        assert ground_truth(PRODUCTION) == production

    sweep_through(lambda: None, lambda: refresh(RUNNING, FailoverOptions(run_options=ONE)), ends_well, stride)


def test_a_failover_from_a_standby(standby, stride):
    def ends_well():
        once_more(failover, RUNNING, "recovery/stands-already")
        assert set(written(plugin.cloud, RECOVERY).values()) == said("ledger")
        assert {state for _, _, state in ground_truth(RECOVERY, "instance")} == {"running"}
        assert {state for _, _, state in ground_truth(PRODUCTION, "instance")} == {"stopped"}
        assert lets_internet_in(workflow.observe(SHOP, RECOVERY))
        assert workflow.plan(SHOP, RECOVERY, guards=[RUNNING]).empty

    sweep_through(
        lambda: None, lambda: failover(RUNNING, FailoverOptions(run_options=ONE)), ends_well, stride
    )
