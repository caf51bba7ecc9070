"""Worlds that many tests begin in. Each process makes a world once; each test has a copy of its own."""

from contextlib import contextmanager
from functools import cache

from portinfra.testing.fake import SHAPES, FakeCloud, plugin
from portinfra.testing.simulation import simulate


@contextmanager
def begun(make, shape="aws"):
    """The simulator, in the world that `make(cloud)` leaves. `make` is a function of a module: what was made
    is found again by it.
    """
    store = _made(make, shape)
    with simulate(shape):
        plugin.cloud = FakeCloud(store.copy(), SHAPES[shape])
        yield plugin.cloud


@cache
def _made(make, shape):
    with simulate(shape) as cloud:
        make(cloud)
        return cloud.store
