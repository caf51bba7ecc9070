"""How far a server's time is from this machine's, by the `Date` header of its answers."""

import time
from email.utils import formatdate

import pytest

from portinfra.provider.clock import ServerClock


def noted(*seconds):
    """A clock of a server whose answers were ahead by so much."""
    clock, now = ServerClock(), time.time()
    for ahead in seconds:
        clock.note(formatdate(now + ahead, usegmt=True), now)
    return clock.offset


def test_nothing_is_known_before_the_first_answer():
    assert ServerClock().offset is None


@pytest.mark.parametrize("header", [None, "", "yesterday", "Tue, 99 Nov 2026 08:12:31 GMT"])
def test_an_answer_without_a_date_tells_nothing(header):
    clock = ServerClock()
    clock.note(header, time.time())
    assert clock.offset is None


@pytest.mark.parametrize("ahead", [0, 1, -3])
def test_whole_seconds_make_no_offset(ahead):
    assert noted(ahead) == 0.0


@pytest.mark.parametrize("ahead", [90, -90, 172_800])
def test_a_clock_that_is_off_has_its_offset(ahead):
    assert abs(noted(ahead) - ahead) < 3


def test_an_offset_stays_until_the_clock_is_set():
    assert abs(noted(90, 91, 89) - 90) < 3
    assert noted(90, 0) == 0.0, "an operator set the clock of this machine"
