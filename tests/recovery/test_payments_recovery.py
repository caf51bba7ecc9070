"""The reference platform: a crash at every call of its drill and of its failover, in the soak."""

from pathlib import Path

import pytest
from attrs import evolve
from sweeps import deaths_by_day, ground_truth, once_more, strides, sweep_through
from worlds import ONE

from portinfra import workflow
from portinfra.declaration.load import load
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.status import status
from portinfra.testing.fake import SHAPES, FakeCloud, plugin
from portinfra.testing.simulation import apply_and_check

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments.hcl"
SAMPLE = 120
"""A full run tries the deaths at one write in so many. The same verbs lose answers in smaller worlds."""


@pytest.fixture
def about(monkeypatch):
    """Payments in production, with points in another account."""
    declared = load(EXAMPLE)
    source = evolve(declared.environment("production"), on="fake:us-east-1", zones=())
    target = evolve(declared.environment("recovery"), on="fake:eu-west-1", zones=())
    plugin.cloud = FakeCloud(shape=evolve(SHAPES["aws"], rates={}, page_size=1000))
    plan = evolve(declared.recovery("payments"), probes=())  # they are processes, and read a world in a file
    recovery = Recovery(plan, declared.topology("payments"), source, target)
    apply_and_check(recovery.topology, source)
    assert replicate(recovery, run_options=ONE).succeeded
    yield recovery
    plugin.cloud = None


stride = strides(SAMPLE)


def test_a_drill(about, stride):
    production, points = ground_truth(about.source), ground_truth(about.target)

    def ends_well():
        assert {swept.fate for swept in sweep(about, run_options=ONE)} <= {"removed"}
        assert ground_truth(about.target) == points
        assert ground_truth(about.source) == production
        assert status(about).drills == ()

    sweep_through(
        lambda: None, lambda: drill(about, run_options=ONE), ends_well, stride, forms=deaths_by_day(stride)
    )


def test_a_failover(about, stride):
    def ends_well():
        once_more(failover, about, "recovery/stands-already")
        assert {state for _, _, state in ground_truth(about.target, "instance")} == {"running"}
        assert {state for _, _, state in ground_truth(about.source, "instance")} == {"stopped"}
        assert workflow.plan(about.topology, about.target).empty
        assert workflow.plan(about.topology, about.source).empty

    sweep_through(
        lambda: None,
        lambda: failover(about, FailoverOptions(run_options=ONE)),
        ends_well,
        stride,
        forms=deaths_by_day(stride),
    )
