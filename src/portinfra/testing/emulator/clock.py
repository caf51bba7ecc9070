"""The time of an emulator: the machine's own, or one that moves only by `advance` and by requests."""

import time
from datetime import UTC, datetime
from typing import Protocol

from portinfra.value import define

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""The moment at which a clock that is not live begins."""


@define
class Clock:
    """A clock of an emulator, in seconds since the epoch."""

    live: bool = True
    """Whether time passes by itself. Otherwise only `advance` and the `latency` of each request move it."""
    latency: float = 0.0
    """The seconds that a request takes, if time does not pass by itself."""
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
        """Move time forward, at no cost."""
        self._ahead += seconds

    def request(self) -> None:
        """Add the time that one request takes."""
        if not self.live:
            self._ahead += self.latency


class Timed(Protocol):
    """The protocol of an emulator whose time can move, here or in another process."""

    def now(self) -> float:
        """Return seconds since the epoch."""

    def advance(self, seconds: float) -> None:
        """Move time forward."""


@define
class EmulatorClock:
    """The time of an emulator as the clock of a provider. A sleep costs nothing and moves the emulator's
    time.
    """

    emulator: Timed
    virtual: bool = True

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self.emulator.now()

    def sleep_until(self, moment: float) -> None:
        """Move time forward to that moment."""
        self.emulator.advance(max(0.0, moment - self.now()))
