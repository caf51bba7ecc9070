"""A world in which the shop runs in production, with something written on every volume."""

from contextlib import contextmanager

import pytest
from worlds import PRODUCTION, SHOP, write

from portinfra.execution.run import Run
from portinfra.testing.simulated import applied, simulated


@pytest.fixture
def cloud():
    """The simulator, of EC2's shape."""
    with simulated() as cloud:
        applied(SHOP, PRODUCTION)
        write(cloud, PRODUCTION, "ledger")
        yield cloud


@pytest.fixture
def living(monkeypatch):
    """The environments whose runs say right now that they live, by the name that each claim is held under."""
    there, original = [], Run.living

    @contextmanager
    def noted(run):
        there.append(run._scope.environment)
        with original(run):
            yield
        there.remove(run._scope.environment)

    monkeypatch.setattr(Run, "living", noted)
    return there
