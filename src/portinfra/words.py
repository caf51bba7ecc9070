"""Numbers, moments and kinds in plain words."""

from datetime import UTC, datetime

_IRREGULAR = {"firewall-rules": "firewall rules", "public-address": "public address"}


def duration(seconds: float) -> str:
    """`45 s`, `1 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def iso(at: float) -> str:
    """A moment, given in seconds since 1970, as documents have it: UTC, ISO 8601, whole seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def moment(at: float | str) -> str:
    """A moment, in seconds since 1970 or in ISO 8601, as people write it: `2030-01-01 00:05:43 UTC`."""
    given = at if isinstance(at, str) else iso(at)
    return datetime.fromisoformat(given).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def with_article(noun: str) -> str:
    """Return `a role`, `an environment`."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def count(number: int, noun: str) -> str:
    """`1 step`, `2 steps`, `2 public addresses`, `3 sets of firewall rules`."""
    if noun == "firewall-rules":
        return "firewall rules" if number == 1 else f"{number:,} sets of firewall rules"
    noun = _IRREGULAR.get(noun, noun)
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('s') else 's'}"
