"""Several entries in one record: the lines of one run.

What all lines say alike is written once. An entry alone has the form of version 0.1.0, which knows no lines.
Lines have the number of their record, so they are of one moment. Pure.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from portinfra.model.plain import JsonObject

VERSION: Final = 3
"""The form of a record with lines. An earlier version must not pass over points that it cannot read."""

LINES, SAME = "entries", "same"


def join_lines(lines: Sequence[JsonObject]) -> JsonObject:
    """Return what the record of these entries says: one or more."""
    first, *others = lines
    if not others:
        return first
    same = {name: value for name, value in first.items() if all(_says(each, name, value) for each in others)}
    return {
        "v": VERSION,
        "open": any(bool(line.get("open")) for line in lines),
        SAME: same,
        LINES: [{name: value for name, value in line.items() if name not in same} for line in lines],
    }


def split_lines(said: JsonObject) -> list[JsonObject]:
    """Return the entries of a record; what is no record with lines is one entry, readable or not."""
    same, lines = said.get(SAME), said.get(LINES)
    if said.get("v") != VERSION or not isinstance(same, dict) or not (lines and isinstance(lines, list)):
        return [said]
    return [{**same, **line} if isinstance(line, dict) else {} for line in lines]


def is_same(one: JsonObject, other: JsonObject) -> bool:
    """Return whether two texts are of one entry, as it was and as it is now."""
    return (one.get("kind"), one.get("id")) == (other.get("kind"), other.get("id"))


def find_line(lines: Iterable[JsonObject], said: JsonObject) -> JsonObject | None:
    """Return the text that is of the same entry; None: there is none."""
    return next((line for line in lines if is_same(line, said)), None)


def _says(line: JsonObject, name: str, value: Any) -> bool:
    return name in line and line[name] == value and type(line[name]) is type(value)
