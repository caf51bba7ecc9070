"""A cloud in memory for one test, and a topology brought there: no account, no file, no waiting.

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
"""Where a topology is tried that no environment is given for."""


@contextmanager
def simulate(shape: str = "aws") -> Iterator[FakeCloud]:
    """A new cloud, which every environment `on="fake:…"` lies in while this lasts; journals go to a folder
    that is gone afterwards. The shapes are those of docs/simulator.md.
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
    """Plan, apply and plan again: the second plan has nothing to do.

    Calls are made one at a time, in an order that the seed decides. Raises what `plan` and `apply` raise, and
    AssertionError.
    """
    outcome = workflow.apply(workflow.plan(topology, environment, options), seed=seed)
    again = workflow.plan(topology, environment, options)
    assert again.empty, f"applied, and there is still something to do: {again.summary()}"
    return outcome
