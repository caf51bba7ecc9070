"""`fields=`: which parts of an answer are sent.

https://cloud.google.com/compute/docs/api/how-tos/performance ("Partial responses"): `items(name,status)`,
`items/name`, `*`.
"""

import re
from typing import Any

from emulator.errors import GceError

Mask = dict[str, "Mask"]
_TOKEN = re.compile(r"[A-Za-z0-9_*-]+|[(),/]")


def masked(told: dict[str, Any], fields: str) -> dict[str, Any]:
    """What is left of an answer. Raises GceError for what is no selection."""
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != fields.replace(" ", ""):
        raise _wrong(fields)
    mask = _several(tokens, fields)
    if tokens:
        raise _wrong(fields)
    found: dict[str, Any] = _cut(told, mask)
    return found


def _wrong(fields: str) -> GceError:
    return GceError(400, "invalidParameter", f"Invalid field selection {fields}", location="fields")


def _several(tokens: list[str], fields: str) -> Mask:
    mask: Mask = {}
    while True:
        if not tokens or not re.match(r"[\w*-]", tokens[0]):
            raise _wrong(fields)
        at = mask.setdefault(tokens.pop(0), {})
        while tokens[:1] == ["/"]:
            tokens.pop(0)
            if not tokens:
                raise _wrong(fields)
            at = at.setdefault(tokens.pop(0), {})
        if tokens[:1] == ["("]:
            tokens.pop(0)
            at.update(_several(tokens, fields))
            if not tokens or tokens.pop(0) != ")":
                raise _wrong(fields)
        if tokens[:1] != [","]:
            return mask
        tokens.pop(0)


def _cut(told: Any, mask: Mask) -> Any:
    if not mask:
        return told
    if isinstance(told, list):
        return [_cut(each, mask) for each in told]
    if not isinstance(told, dict):
        return told
    kept = {}
    for name, value in told.items():
        inner = mask.get(name, mask.get("*"))
        if inner is not None:
            kept[name] = _cut(value, inner)
    return kept
