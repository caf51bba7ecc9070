"""A world in which the shop runs in production, with something written on every volume."""

import pytest
from worlds import PRODUCTION, SHOP, write

from portinfra.testing.simulated import applied, simulated


@pytest.fixture
def cloud():
    """The simulator, of EC2's shape."""
    with simulated() as cloud:
        applied(SHOP, PRODUCTION)
        write(cloud, PRODUCTION, "ledger")
        yield cloud
