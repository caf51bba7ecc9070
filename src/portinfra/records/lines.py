"""Several entries in one record: the lines of one run.

Values that all lines share are written once. An entry alone has the form of version 0.1.0, which knows no
lines. Lines have the number of their record, so they have the same moment. Pure.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from portinfra.model.plain import JsonObject

VERSION: Final = 3
"""The form of a record with lines."""

LINES, SAME = "entries", "same"

_PREFIX = "lines: "
"""The prefix of the note of a record with lines.

Version 0.1.0 deletes the snapshots of points that it does not know, unless a note is no JSON object. Then it
deletes nothing.
"""


def to_note(content: JsonObject) -> str:
    """Return the note of a record with this text. All of it is ASCII."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    return f"{_PREFIX}{text}" if LINES in content else text


def from_note(note: str) -> JsonObject:
    """Return the text of a note; empty where it cannot be read."""
    try:
        content = json.loads(note.removeprefix(_PREFIX))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def join_lines(lines: Sequence[JsonObject]) -> JsonObject:
    """Return the text of the record with these entries, one or more."""
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


def split_lines(content: JsonObject) -> list[JsonObject]:
    """Return the entries of a record. A record without lines is one entry, readable or not."""
    same, lines = content.get(SAME), content.get(LINES)
    if content.get("v") != VERSION or not isinstance(same, dict) or not (lines and isinstance(lines, list)):
        return [content]
    return [{**same, **line} if isinstance(line, dict) else {} for line in lines]


def is_same(one: JsonObject, other: JsonObject) -> bool:
    """Return whether two texts belong to one entry, before and after a change."""
    return (one.get("kind"), one.get("id")) == (other.get("kind"), other.get("id"))


def find_line(lines: Iterable[JsonObject], content: JsonObject) -> JsonObject | None:
    """Return the text that belongs to the same entry; None: there is none."""
    return next((line for line in lines if is_same(line, content)), None)


def _says(line: JsonObject, name: str, value: Any) -> bool:
    return name in line and line[name] == value and type(line[name]) is type(value)
