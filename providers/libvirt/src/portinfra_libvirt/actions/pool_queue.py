"""One queue for each pool of a hypervisor. libvirt refreshes no pool in which a file is being made, and says
that it "has asynchronous jobs running". So files are made side by side, and a refresh waits for its turn.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Turns:
    """Who makes files in one pool, and who waits to refresh it."""

    def __init__(self) -> None:
        self.making = self.refreshing = 0


class PoolQueue:
    """The queues of one hypervisor, for the threads of this process."""

    def __init__(self) -> None:
        self._pools: dict[str, _Turns] = defaultdict(_Turns)
        self._changed = threading.Condition()

    @contextmanager
    def making(self, pool: Any) -> Iterator[None]:
        """Make a file in a pool: with others, and after a refresh that waits."""
        with self._changed:
            turns = self._pools[pool.name()]
            self._changed.wait_for(lambda: not turns.refreshing)
            turns.making += 1
        try:
            yield
        finally:
            with self._changed:
                turns.making -= 1
                self._changed.notify_all()

    @contextmanager
    def refreshing(self, pool: Any) -> Iterator[None]:
        """Refresh a pool, while no file is being made in it."""
        with self._changed:
            turns = self._pools[pool.name()]
            turns.refreshing += 1
            self._changed.wait_for(lambda: not turns.making)
        try:
            yield
        finally:
            with self._changed:
                turns.refreshing -= 1
                self._changed.notify_all()
