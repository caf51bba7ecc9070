"""Time that costs nothing: it passes when somebody sleeps."""

from threading import Lock


class ToyClock:
    virtual = True

    def __init__(self) -> None:
        self._now = 1_000_000_000.0
        self._lock = Lock()

    def now(self) -> float:
        return self._now

    def sleep_until(self, moment: float) -> None:
        with self._lock:
            self._now = max(self._now, moment)
