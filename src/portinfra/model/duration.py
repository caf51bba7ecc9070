"""Lengths of time as users write them."""

import re

DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def why_no_duration(text: str) -> str:
    """Return what is wrong with a text that is no length of time."""
    if re.fullmatch(r"[1-9][0-9]{6,}[smhd]", text):
        return "is too long: its number has more than 6 digits"
    return "is no length of time"


def seconds(duration: str) -> int:
    """A length of time such as `90s`, `30m`, `4h` or `7d`, in seconds. Raises ValueError for what is none."""
    match = DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is no length of time")
    return int(match[1]) * _UNITS[match[2]]
