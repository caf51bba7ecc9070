"""Time in the bed: the machine's, or one that stands still until it is told to move."""

import time
from datetime import UTC, datetime

from attrs import define

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@define
class Clock:
    """Seconds since the epoch, as the bed sees them."""

    live: bool = True
    """Whether time passes by itself. If not, only `advance` and each request's `latency` move it."""
    latency: float = 0.0
    """Seconds that a request takes, where time does not pass by itself."""
    _ahead: float = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return (time.time() if self.live else START.timestamp()) + self._ahead

    def stop(self) -> None:
        """Stand still at what it is now."""
        if self.live:
            self._ahead += time.time() - START.timestamp()
            self.live = False

    def advance(self, seconds: float) -> None:
        """Move time on, at no cost."""
        self._ahead += seconds

    def request(self) -> None:
        """A request was made."""
        if not self.live:
            self._ahead += self.latency
