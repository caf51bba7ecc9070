"""A simulator in memory for one test: no account, no file, no waiting.

with simulate() as cloud:
    apply_and_check(topology, environment)
    assert len(cloud.ground_truth()) == 42
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from portinfra import workflow
from portinfra.model.environment import Environment
from portinfra.model.outcome import Outcome
from portinfra.model.plan import PlanOptions
from portinfra.model.topology import Topology
from portinfra.testing.fake import SHAPES, FakeCloud, plugin

SOMEWHERE = Environment("test", on="fake:us-east-1", cidr="10.0.0.0/16")
"""The environment of a topology that is tested without one."""


@contextmanager
def simulate(shape: str = "aws") -> Iterator[FakeCloud]:
    """Yield a new cloud, which contains every environment `on="fake:…"` inside the `with` block.

    Journals go to a temporary folder, which is deleted afterwards. docs/simulator.md lists the shapes. Raises
    ValueError for an unknown shape.
    """
    if shape not in SHAPES:
        raise ValueError(f"there is no shape {shape!r}; there are {', '.join(SHAPES)}")
    cloud, before = FakeCloud(shape=SHAPES[shape]), plugin.cloud
    home = os.environ.get("PORTINFRA_HOME")
    with tempfile.TemporaryDirectory() as folder:
        plugin.cloud, os.environ["PORTINFRA_HOME"] = cloud, folder
        try:
            yield cloud
        finally:
            plugin.cloud = before
            del os.environ["PORTINFRA_HOME"]
            if home is not None:
                os.environ["PORTINFRA_HOME"] = home


def apply_and_check(
    topology: Topology,
    environment: Environment = SOMEWHERE,
    options: PlanOptions | None = None,
    *,
    seed: int = 0,
) -> Outcome:
    """Plan and apply a topology, then assert that the next plan is empty. Return the outcome.

    The apply makes its calls one at a time, in an order that the seed decides. Raises what `plan` and `apply`
    raise, and AssertionError.
    """
    outcome = workflow.apply(workflow.plan(topology, environment, options), seed=seed)
    again = workflow.plan(topology, environment, options)
    assert again.empty, f"the plan after the apply still has changes: {again.summary()}"
    return outcome
