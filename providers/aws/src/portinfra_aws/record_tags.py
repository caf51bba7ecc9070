"""The text of a record as tags of a key pair. A tag value has at most 256 characters.

A text with the keys of version 0.1.0 is stored in the tags of that version, one key each. So that version can
read it, and a console shows which run is active. Any other text is cut into pieces.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from portinfra.model.record import Record
from portinfra_aws.marks import PREFIX

VALUE_MAX = 256

Tags = dict[str, str]

HOLDER = ("user", "host", "machine", "process")
"""Keys of the object `holder` in the text."""

FIELDS: Mapping[str, type] = {
    "beat": int,
    "since": str,
    "active-at": float,
    "released": bool,
    "epoch": int,
    "fenced": bool,
    "version": str,
}
"""Tag → the type of its value in the text. The key in the text has `_` for `-`."""

PEER = "peer"
"""The tag of a note that begins with `peer: `."""

NOTES, NOTE = "notes", "note"
"""The tags of any other note: the number of pieces, and each piece.

Pieces of an earlier, longer note stay.
"""

TEXTS, TEXT = "texts", "text"
"""The same for a text with other keys. `texts` is 0 if the text is in the tags of its keys."""


def to_tags(record: Record) -> Tags:
    """Return the tags that hold the text of a record."""
    tags = _by_key(record.text)
    if tags is None or _text(record.number, tags) != record.text:
        tags = _in_pieces(TEXTS, TEXT, record.text)
    return {PREFIX + name: value for name, value in tags.items()}


def to_text(number: int, tag_set: Iterable[Mapping[str, Any]]) -> str:
    """Return the text that tags hold; empty where they hold none."""
    tags = {str(tag["key"]).removeprefix(PREFIX): str(tag.get("value") or "") for tag in tag_set}
    try:
        return _join(TEXTS, TEXT, tags) or _text(number, tags)
    except (KeyError, ValueError):
        return ""


def _by_key(text: str) -> Tags | None:
    try:
        content = json.loads(text)
        holder, note = {key: content["holder"][key] for key in HOLDER}, content["note"]
        fields = {tag: _value(content[tag.replace("-", "_")]) for tag in FIELDS}
        peer = note.removeprefix("peer: ") if note.startswith("peer: ") else ""
        more = {PEER: peer, TEXTS: "0", **_in_pieces(NOTES, NOTE, "" if peer else note)}
        tags = {**holder, **fields, **more}
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return (
        tags if all(isinstance(value, str) and len(value) <= VALUE_MAX for value in tags.values()) else None
    )


def _text(number: int, tags: Tags) -> str:
    holder = {key: tags[key] for key in HOLDER}
    fields = {tag.replace("-", "_"): _read_value(kind, tags.get(tag, "")) for tag, kind in FIELDS.items()}
    note = f"peer: {tags[PEER]}" if tags.get(PEER) else _join(NOTES, NOTE, tags)
    content = {"number": number, "holder": holder, **fields, "note": note}
    return json.dumps(content, separators=(",", ":"))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else repr(value)


def _read_value(kind: type, value: str) -> Any:
    return value == "yes" if kind is bool else kind(value)


def _in_pieces(count: str, piece: str, text: str) -> Tags:
    pieces = [text[i : i + VALUE_MAX] for i in range(0, len(text), VALUE_MAX)]
    return {count: str(len(pieces)), **{f"{piece}-{i}": value for i, value in enumerate(pieces)}}


def _join(count: str, piece: str, tags: Tags) -> str:
    return "".join(tags[f"{piece}-{i}"] for i in range(int(tags.get(count) or "0")))
