"""Durations, as users write them."""

import re

DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def why_no_duration(text: str) -> str:
    """Return what is wrong with a text that is no duration."""
    if re.fullmatch(r"[1-9][0-9]{6,}[smhd]", text):
        return "is too long: its number has more than 6 digits"
    return "is no length of time"


def seconds(duration: str) -> int:
    """Return a duration such as `90s`, `30m`, `4h` or `7d` in seconds. Raise ValueError for any other
    text.
    """
    match = DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is no length of time")
    return int(match[1]) * _UNITS[match[2]]
