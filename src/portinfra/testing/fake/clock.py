"""Virtual time: an hour's wait costs nothing, and all programs on one store share it."""

from portinfra.testing.fake.store import MemoryStore


class FakeClock:
    """The clock of a store. It moves when a program sleeps, and by the latency of requests."""

    virtual = True

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def now(self) -> float:
        """Return seconds since the epoch. A new store begins at 2030-01-01T00:00:00Z."""
        return self._store.moment()

    def sleep_until(self, moment: float) -> None:
        """Move time forward to that moment, at once; never backwards."""
        with self._store.transaction():
            self._store.now = max(self._store.now, moment)


class MachineClock:
    """The clock of a machine that uses the simulator. A test can make this clock wrong."""

    virtual = True
    ahead: float = 0.0
    """The seconds by which it is ahead of the simulator's clock."""

    def __init__(self, cloud: FakeClock) -> None:
        self._cloud = cloud

    def now(self) -> float:
        """Return seconds since the epoch, by this machine's clock."""
        return self._cloud.now() + self.ahead

    def sleep_until(self, moment: float) -> None:
        """Move time forward to that moment, at once."""
        self._cloud.sleep_until(moment - self.ahead)
