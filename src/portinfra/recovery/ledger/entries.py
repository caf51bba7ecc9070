"""The forms of a ledger's entries: the fields of each kind, and their types.

An entry without a known form is unreadable. It has a number and a reason, and no verb derives anything else
from it. A later version may add fields to a form. It writes a higher `v` if it changes the meaning of an
entry.
"""

import math
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, get_args

from attrs import field

from portinfra.format import count
from portinfra.model.evidence import Result
from portinfra.model.plain import JsonObject
from portinfra.value import frozen

VERSION = 3
"""The newest form of entries that this version reads. An entry without `v` has form 1. Form 2 is that of a
takeover which keeps own volumes: an earlier version would replace them. Form 3 is a record with lines.
"""

WHOLE_MAX = 2**63 - 1

TIME_MAX = 253_402_300_799.0
"""The last second of the year 9999: a later time has no date."""


@frozen
class Unreadable:
    """An entry that cannot be read."""

    number: int
    kind: str
    """The kind; empty where it is not known."""
    reason: str
    newer: bool = False
    """Whether a newer version of portinfra wrote it."""
    open: bool = True
    """Whether its run may write more."""

    def __str__(self) -> str:
        return f"entry {self.number}{f' ({self.kind})' if self.kind else ''}: {self.reason}"


@frozen
class _Form:
    """The fields of one kind: name → whether a value fits."""

    required: Mapping[str, Callable[[Any], bool]]
    optional: Mapping[str, Callable[[Any], bool]] = field(factory=dict)

    def problem(self, said: JsonObject) -> str:
        """Return what is wrong with an entry; empty: nothing."""
        for name, fits in {**self.required, **self.optional}.items():
            if name in said and not fits(said[name]):
                return f"{name} has a value of another form"
            if name not in said and name in self.required:
                return f"{name} is missing"
        return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    """Accept also a number that is no valid moment: an epoch after a wrong one may be later than
    every date.
    """
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= WHOLE_MAX


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= TIME_MAX


def _is_number_or_none(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_date(value: Any) -> bool:
    try:
        return 1970 <= datetime.fromisoformat(value).year < 9999
    except (TypeError, ValueError):
        return False


def _is_one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


FORMS = {
    "point": _Form(
        {
            "id": _is_name,
            "group": _is_name,
            "taken": _is_number,
            "count": _is_whole,
            "digest": _is_text,
            "open": _is_flag,
        },
        {
            "engine": _is_text,
            "topology": _is_text,
            "key": _is_text,
            "manifest": _is_text,
            "moved": _is_whole,
            "locking": _is_flag,
            "locked": _is_number,
        },
    ),
    "drill": _Form(
        {"id": _is_name, "began": _is_date, "open": _is_flag},
        {
            "as_of": lambda value: value is None or _is_date(value),
            "result": _is_one_of(*get_args(Result), "swept"),
            "rto": _is_number_or_none,
            "run": _is_whole,
            "digest": _is_text,
        },
    ),
    "run": _Form(
        {
            "id": _is_name,
            "of": _is_one_of("failover", "failback", "refresh"),
            "takeover": _is_name,
            "began": _is_date,
            "open": _is_flag,
            "run": _is_whole,
        },
        {"result": _is_one_of(*get_args(Result)), "digest": _is_text},
    ),
    "failover": _Form(
        {
            "id": _is_name,
            "occasion": _is_one_of("failover", "failback"),
            "epoch": _is_whole,
            "began": _is_number,
            "open": _is_flag,
        },
        {
            "lost": _is_flag,
            "lost_at": _is_number_or_none,
            "last_point": _is_flag,
            "as_of": _is_number_or_none,
            "fetched_at": _is_number_or_none,
            "fenced_at": _is_number_or_none,
            "partly_fenced_at": _is_number_or_none,
            "points": _is_text,
            "selections": _is_whole,
            "own": _is_text,
            "blank": _is_text,
            "without": _is_text,
            "from_points": _is_flag,
            "insist": _is_flag,
            "overruled": _is_text,
            "starts": _is_text,
            "own_starts": _is_text,
            "own_until": _is_number_or_none,
            "restored": _is_text,
            "done": _is_text,
            "abandoned": _is_whole,
            "contained_data": _is_text,
            "overwritten": _is_text,
            "waits": _is_text,
            "approvals": _is_text,
            "both_from": _is_number_or_none,
            "both_until": _is_number_or_none,
        },
    ),
    "stood": _Form({"id": _is_name}),
    "standby": _Form({"id": _is_name}, {"replaceable": _is_flag}),
    "left": _Form({"id": _is_name, "epoch": _is_whole, "until": _is_whole}),
    "approved": _Form(
        {
            "id": _is_name,
            "what": _is_name,
            "principal": _is_text,
            "at": _is_number,
            "until": _is_number,
            "takeover": _is_text,
            "data": _is_text,
        }
    ),
    "kept": _Form(
        {"id": _is_name, "takeover": _is_name, "data": _is_text, "until": _is_number},
        {"seconds": _is_number, "counted": _is_number, "looked": _is_number, "of": _is_text},
    ),
}
"""Kind → its form."""


def unreadable_line(found: Collection[Unreadable]) -> str:
    """Return a sentence about how many records cannot be read, and why."""
    which = "; ".join(map(str, found))
    return f"{count(len({each.number for each in found}), 'record')} of the ledger cannot be read ({which})"


def unreadable(number: int, said: JsonObject) -> Unreadable | None:
    """Return why this version cannot read an entry; None: it can."""
    kind, is_open = said.get("kind"), said.get("open") is not False
    name = kind if isinstance(kind, str) else ""
    if not said:
        return Unreadable(number, "", "it is no JSON object, or a part of it is missing")
    version = said.get("v", 1)
    if not _is_whole(version):
        return Unreadable(number, name, "v has a value of another form", open=is_open)
    if version > VERSION:
        return Unreadable(number, name, f"portinfra wrote it in form {version}", newer=True, open=is_open)
    if name not in FORMS:
        return Unreadable(number, name, "its kind is not known", open=is_open)
    problem = FORMS[name].problem(said)
    if not problem and name == "drill" and not is_open and "result" not in said:
        problem = "result is missing"
    return Unreadable(number, name, problem, open=is_open) if problem else None
