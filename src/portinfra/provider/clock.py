"""The time of this machine, for providers whose world keeps no time of its own."""

import time


class SystemClock:
    """A `Clock` that sleeps for real."""

    virtual = False

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep_until(self, moment: float) -> None:
        """Return when `now()` is at least `moment`."""
        time.sleep(max(0.0, moment - time.time()))
