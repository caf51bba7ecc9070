"""Texts that say how long the snapshot of a replaced volume is kept.

Where the provider has no clock, portinfra does not know when the time is over, so a person deletes the
snapshot.
"""

from portinfra.format import moment

_BY_A_PERSON = "until a person deletes it"


def describe_end(until: str, *, ends_by_time: bool) -> str:
    """Return how long an existing snapshot stays: `until 2030-01-01 00:05:43 UTC`."""
    return f"until {moment(until)}" if ends_by_time else _BY_A_PERSON


def describe_duration(limit: str, *, ends_by_time: bool) -> str:
    """Return how long a snapshot will stay: `for 7d`."""
    return f"for {limit}" if ends_by_time else _BY_A_PERSON
