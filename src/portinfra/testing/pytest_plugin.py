"""Fixtures for tests of your own topology. pytest finds them wherever portinfra is installed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from portinfra.model.environment import Environment
    from portinfra.model.outcome import Outcome
    from portinfra.model.plan import PlanOptions
    from portinfra.model.topology import Topology
    from portinfra.testing.fake import FakeCloud


class ApplyTopology(Protocol):
    """The type of the fixture `apply_topology`."""

    def __call__(
        self,
        topology: "Topology",
        environment: "Environment" = ...,
        options: "PlanOptions | None" = None,
        *,
        seed: int = 0,
    ) -> "Outcome":
        """Plan and apply a topology, then assert that the next plan is empty. Return the outcome."""


@pytest.fixture
def fake_cloud(request: pytest.FixtureRequest) -> "Iterator[FakeCloud]":
    """Yield a new cloud in memory, which contains every environment `on="fake:…"`.

    For another shape: `@pytest.mark.parametrize("fake_cloud", ["aws", "gcp"], indirect=True)`.
    """
    from portinfra.testing.simulation import simulate  # imported late: the import takes time

    with simulate(getattr(request, "param", "aws")) as cloud:
        yield cloud


@pytest.fixture
def apply_topology(fake_cloud: "FakeCloud") -> ApplyTopology:
    """Return a function that applies a topology to `fake_cloud` and asserts that the next plan is empty."""
    from portinfra.testing.simulation import apply_and_check

    return apply_and_check
