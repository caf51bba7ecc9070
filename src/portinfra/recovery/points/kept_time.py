"""How long a snapshot of a replaced volume is kept, in words.

Where its provider does not tell its time, portinfra does not know when that time is over. So a person deletes
the snapshot.
"""

from portinfra.format import moment

_BY_A_PERSON = "until a person deletes it"


def describe_end(until: str, *, ends_by_time: bool) -> str:
    """Return how long a snapshot stays that exists: `until 2030-01-01 00:05:43 UTC`."""
    return f"until {moment(until)}" if ends_by_time else _BY_A_PERSON


def describe_duration(limit: str, *, ends_by_time: bool) -> str:
    """Return how long a snapshot stays that is not made yet: `for 7d`."""
    return f"for {limit}" if ends_by_time else _BY_A_PERSON
