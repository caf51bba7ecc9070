"""Runs on machines whose clocks are wrong."""

from contextlib import contextmanager
from unittest import mock

from portinfra.testing.fake.clock import MachineClock
from portinfra.testing.fake.provider import FakeProvider

HOUR = 3600.0
DAY = 24 * HOUR


@contextmanager
def clock_off(seconds, *, tells_time=False):
    """Every run in this block is on a machine whose clock is ahead by so many seconds. Where the provider
    tells no time, as a hypervisor does not, nothing shows it.
    """
    with (
        mock.patch.object(MachineClock, "ahead", seconds),
        mock.patch.object(FakeProvider, "reports_time", tells_time),
    ):
        yield
