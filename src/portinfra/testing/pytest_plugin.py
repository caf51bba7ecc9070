"""Fixtures for a test of one's own topology; pytest finds them where portinfra is installed."""

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
    """What the fixture `apply_topology` is."""

    def __call__(
        self,
        topology: "Topology",
        environment: "Environment" = ...,
        options: "PlanOptions | None" = None,
        *,
        seed: int = 0,
    ) -> "Outcome":
        """Plan, apply and plan again: the second plan has nothing to do."""


@pytest.fixture
def fake_cloud(request: pytest.FixtureRequest) -> "Iterator[FakeCloud]":
    """A new cloud in memory, which every environment `on="fake:…"` lies in.

    Of another shape: `@pytest.mark.parametrize("fake_cloud", ["aws", "gcp"], indirect=True)`.
    """
    from portinfra.testing.simulation import simulate  # not before it is asked for: it takes time

    with simulate(getattr(request, "param", "aws")) as cloud:
        yield cloud


@pytest.fixture
def apply_topology(fake_cloud: "FakeCloud") -> ApplyTopology:
    """Brings a topology to the `fake_cloud`, and sees to it that nothing more is left to do there."""
    from portinfra.testing.simulation import apply_and_check

    return apply_and_check
