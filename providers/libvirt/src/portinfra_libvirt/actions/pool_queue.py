"""One queue for each pool of a hypervisor.

libvirt cannot refresh a pool while it creates a file in it: "has asynchronous jobs running". So creations run
side by side, and a refresh waits for its turn.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Turns:
    """The number of creations in one pool, and of refreshes that wait or run."""

    def __init__(self) -> None:
        self.making = self.refreshing = 0


class PoolQueue:
    """The queues of one hypervisor, for the threads of this process."""

    def __init__(self) -> None:
        self._pools: dict[str, _Turns] = defaultdict(_Turns)
        self._changed = threading.Condition()

    @contextmanager
    def making(self, pool: Any) -> Iterator[None]:
        """Create a file in a pool, together with other creations, and after a refresh that waits."""
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
        """Refresh a pool while no file is being created in it."""
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
