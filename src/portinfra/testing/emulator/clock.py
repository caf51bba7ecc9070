"""Time in an emulator: the machine's own, or one that moves only by `advance` and by requests."""

import time
from datetime import UTC, datetime
from typing import Protocol

from attrs import define

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""The moment at which a clock that is not live begins."""


@define
class Clock:
    """Seconds since the epoch, as an emulator counts them."""

    live: bool = True
    """Whether time passes by itself. If not, only `advance` and each request's `latency` move it."""
    latency: float = 0.0
    """Seconds that a request takes, where time does not pass by itself."""
    _ahead: float = 0.0

    def now(self) -> float:
        """Return seconds since the epoch."""
        return (time.time() if self.live else START.timestamp()) + self._ahead

    def stop(self) -> None:
        """Stop a live clock at the present moment."""
        if self.live:
            self._ahead += time.time() - START.timestamp()
            self.live = False

    def advance(self, seconds: float) -> None:
        """Move time on, at no cost."""
        self._ahead += seconds

    def request(self) -> None:
        """Count the time that one request takes."""
        if not self.live:
            self._ahead += self.latency


class Timed(Protocol):
    """What has a time that can be moved on: an emulator here, or one in another process."""

    def now(self) -> float:
        """Return seconds since the epoch."""

    def advance(self, seconds: float) -> None:
        """Move time on."""


@define
class EmulatorClock:
    """An emulator's time as a provider's clock: to sleep costs nothing, it moves the emulator's time on."""

    emulator: Timed
    virtual: bool = True

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self.emulator.now()

    def sleep_until(self, moment: float) -> None:
        """Move time on to that moment."""
        self.emulator.advance(max(0.0, moment - self.now()))
