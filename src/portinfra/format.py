"""Numbers, moments and kinds in words, and suggestions for misspelled names."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

_IRREGULAR = {"firewall-rules": "firewall rules", "public-address": "public address"}
_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>\d+)(?P<after>\D*)$")


def duration(seconds: float) -> str:
    """Return a duration in words: `45 s`, `1 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The first second of the year 1 and the last one of the year 9999: no other moment has a date."""


def iso(at: float) -> str:
    """Return a moment, given in seconds since 1970, as documents have it: UTC, ISO 8601, whole seconds.

    A moment without a date becomes the first or the last moment that has one.
    """
    within = min(max(at, FIRST_SECOND), LAST_SECOND)
    return datetime.fromtimestamp(within, UTC).isoformat(timespec="seconds")


def moment(at: float | str) -> str:
    """Return a moment, given in seconds since 1970 or in ISO 8601, for people: `2030-01-01 00:05:43 UTC`.

    A text in another form stays as it is.
    """
    given = at if isinstance(at, str) else iso(at)
    try:
        when = datetime.fromisoformat(given)
    except ValueError:
        return given
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def with_article(noun: str) -> str:
    """Return a noun with its article: `a role`, `an environment`."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 step`, `2 steps`, `2 public addresses`, `3 sets of firewall
    rules`.
    """
    if noun == "firewall-rules":
        return "firewall rules" if number == 1 else f"{number:,} sets of firewall rules"
    noun = _IRREGULAR.get(noun, noun)
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('s') else 's'}"


def silent_line(zones: Iterable[str], of: str = "") -> str:
    """Return that zones do not answer: `us-east-1a, us-east-1b of production do not answer`."""
    names = sorted(zones)
    whose = f" of {of}" if of else ""
    return f"{', '.join(names)}{whose} {'does' if len(names) == 1 else 'do'} not answer"


def join_runs(names: Iterable[str]) -> str:
    """Return names in their order, with runs of three and more shortened: `web1 … web3, web7`."""
    runs: list[list[str]] = []
    for name in names:
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{run[0]} … {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _follows(first: str, second: str) -> bool:
    a, b = _NUMBERED.match(first), _NUMBERED.match(second)
    if not a or not b:
        return False
    return (a["before"], a["after"]) == (b["before"], b["after"]) and int(a["number"]) + 1 == int(b["number"])


ALIKE = 0.85
"""How similar two names must be to count as spellings of one."""


def nearest_spelling(name: str, known: Iterable[str]) -> str:
    """Return the known name that another one misspells; empty for none.

    Names that differ only in their numbers are different names.
    """
    from difflib import SequenceMatcher, get_close_matches  # most commands never need it

    def is_alike(other: str) -> bool:
        first, second = (re.sub(r"\d", "", each) for each in (name, other))
        return first != second and SequenceMatcher(None, first, second).ratio() >= ALIKE

    return next(iter(get_close_matches(name, filter(is_alike, sorted(known)), n=1)), "")


def _other_numbers(name: str, choices: Iterable[str]) -> list[str]:
    """Return the names that differ from a name only in their number, in the order of their numbers."""
    wanted = _NUMBERED.match(name)
    found = [match for each in choices if (match := _NUMBERED.match(each))]
    alike = [m for m in found if wanted and (m["before"], m["after"]) == (wanted["before"], wanted["after"])]
    return [match.string for match in sorted(alike, key=lambda match: int(match["number"]))]


def _addresses_by_name(choices: Iterable[str]) -> dict[str, list[str]]:
    """Return the addresses of each name without its kind: of `web1`, `instance.web1`."""
    found: dict[str, list[str]] = {}
    for choice in choices:
        if named := choice.partition(".")[2]:
            found.setdefault(named, []).append(choice)
    return found


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return what to do about an unknown name: the nearest known one, else all of them.

    If no name is known, return `otherwise`. For a number that no host has, return the numbers of existing
    hosts.
    """
    from difflib import get_close_matches  # most commands never need it

    choices = sorted(set(known))
    if len(others := _other_numbers(name, choices)) > 1:
        return f"There are {join_runs(others)}."
    beginning = [choice for choice in choices if len(name) > 1 and choice.startswith(name)]
    by_name = _addresses_by_name(choices) if "." not in name else {}
    spelled = [name] if name in by_name else []
    near = [] if spelled else get_close_matches(name, choices, n=1)
    near = near or (beginning if len(beginning) == 1 and not spelled else [])
    spelled = spelled or ([] if near else get_close_matches(name, by_name, n=1))
    if addresses := [address for each in spelled for address in by_name[each]]:
        return f"Did you mean {' or '.join(map(repr, addresses))}?"
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known are {join_runs(choices)}." if choices else otherwise
