"""Runs on machines whose clocks are wrong."""

from contextlib import contextmanager
from unittest import mock

from portinfra.testing.fake.clock import FakeClock

HOUR = 3600.0
DAY = 24 * HOUR


@contextmanager
def clock_off(seconds):
    """Every run in this block is on a machine whose clock is ahead by so many seconds."""
    now, sleep_until = FakeClock.now, FakeClock.sleep_until
    with (
        mock.patch.object(FakeClock, "now", lambda self: now(self) + seconds),
        mock.patch.object(FakeClock, "sleep_until", lambda self, moment: sleep_until(self, moment - seconds)),
    ):
        yield
