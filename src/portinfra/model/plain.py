"""Conversion of values to JSON."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from attrs import fields, has

from portinfra.model.former_names import stored_name
from portinfra.model.observed import UNSEEN
from portinfra.model.resources import Rule

Json = Any
"""One JSON value: text, a number, true, false, null, or a list or object of JSON values."""

JsonObject = Mapping[str, Json]
"""An object of JSON that is only read."""

Document = dict[str, Json]
"""An object of JSON that portinfra makes."""


def plain(value: object) -> Json:
    """Return any value as JSON.

    A value of the model becomes an object of its fields, without secrets and without what only people read.
    null means that no list returned a value, or that JSON cannot hold the number. A value that JSON has no
    type for becomes the text that Python prints of it.
    """
    if value is UNSEEN or (isinstance(value, float) and not isfinite(value)):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Rule):
        return value._asdict()
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in sorted(value.items(), key=lambda item: str(item[0]))}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(one) for one in value), key=str)
    kind: type = type(value)
    if has(kind):
        return {
            stored_name(each): plain(getattr(value, each.name))
            for each in fields(kind)
            if not (each.metadata.get("secret") or each.metadata.get("for_people"))
        }
    return str(value)
