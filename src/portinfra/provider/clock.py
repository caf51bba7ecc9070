"""The time of this machine, and how far that of a provider is from it."""

import time
from email.utils import parsedate_to_datetime


class SystemClock:
    """A `Clock` that sleeps for real."""

    virtual = False

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep_until(self, moment: float) -> None:
        """Return when `now()` is at least `moment`."""
        time.sleep(max(0.0, moment - time.time()))


class ServerClock:
    """How far the time of a server is ahead of this machine's, by the `Date` header of its answers (RFC 9110,
    6.6.1: whole seconds).
    """

    NOISE_SECONDS = 5.0
    """Less is what a whole second and the way of an answer make of equal clocks."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def note(self, date: str | None, sent: float) -> None:
        """Note the header of an answer to a request that was sent at this moment of this machine."""
        try:
            told = parsedate_to_datetime(date or "").timestamp() + 0.5
        except ValueError:
            return
        offset = told - (sent + time.time()) / 2
        if self._offset is None or abs(offset - self._offset) > self.NOISE_SECONDS:
            self._offset = offset if abs(offset) > self.NOISE_SECONDS else 0.0

    @property
    def offset(self) -> float | None:
        """Seconds that the server is ahead of this machine; None: no answer has told it yet."""
        return self._offset
