"""The time of this machine, and the offset of a provider's time."""

import time
from email.utils import parsedate_to_datetime


class SystemClock:
    """A `Clock` that sleeps for real."""

    virtual = False

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    def sleep_until(self, moment: float) -> None:
        """Return when `now()` is at least `moment`."""
        time.sleep(max(0.0, moment - time.time()))


class ServerClock:
    """The offset of a server's time from this machine's, by the `Date` header of its answers.

    RFC 9110, 6.6.1: the header has whole seconds.
    """

    NOISE_SECONDS = 5.0
    """A smaller offset means equal clocks: its cause is whole seconds and the delay of an answer."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def note(self, date: str | None, sent: float) -> None:
        """Record the header of an answer to a request that this machine sent at this moment."""
        try:
            server_time = parsedate_to_datetime(date or "").timestamp() + 0.5
        except ValueError:
            return
        offset = server_time - (sent + time.time()) / 2
        if self._offset is None or abs(offset - self._offset) > self.NOISE_SECONDS:
            self._offset = offset if abs(offset) > self.NOISE_SECONDS else 0.0

    @property
    def offset(self) -> float | None:
        """How many seconds the server is ahead of this machine; None: no answer has had the header yet."""
        return self._offset
