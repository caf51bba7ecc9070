"""Virtual time: an hour's wait costs nothing, and everybody on the same store shares it."""

from portinfra.testing.fake.store import MemoryStore


class FakeClock:
    """The store's clock. It moves when somebody sleeps, and by the latency of requests."""

    virtual = True

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def now(self) -> float:
        """Seconds since the epoch; a new world begins at 2030-01-01T00:00:00Z."""
        return self._store.moment()

    def sleep_until(self, moment: float) -> None:
        """Let time pass, at once; never backwards."""
        with self._store.transaction():
            self._store.now = max(self._store.now, moment)


class MachineClock:
    """The clock of a machine that uses the simulator. In tests it may be wrong; the simulator's never is."""

    virtual = True
    ahead = 0.0
    """Seconds that it is ahead of the simulator's."""

    def __init__(self, cloud: FakeClock) -> None:
        self._cloud = cloud

    def now(self) -> float:
        """Seconds since the epoch, as this machine believes."""
        return self._cloud.now() + self.ahead

    def sleep_until(self, moment: float) -> None:
        """Let time pass, at once."""
        self._cloud.sleep_until(moment - self.ahead)
