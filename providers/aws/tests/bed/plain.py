"""What moto answers, as plain mappings and lists in the words of the official model.

moto answers with its own objects, and finds a member's value under one of several names. Which names there
are is moto's own knowledge; it is asked once for each class and member, because asking is what makes it slow.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from botocore.model import Shape
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import MISSING

_PICKER = XFormedAttributePicker()


def plain(value: Any, shape: Any) -> Any:
    """A value of moto's, in the shape of the model. What moto knows nothing of is absent."""
    if shape.type_name == "structure":
        return _structure(value, shape)
    if shape.type_name == "list":
        return [plain(item, shape.member) for item in value if item is not None]
    return _leaf(shape)(value)


def _structure(value: Any, shape: Any) -> dict[str, Any]:
    told = {}
    find = _of_mapping if isinstance(value, dict) else _of_object
    for name, member, keys, leaf in _members(shape, type(value)):
        found = find(value, keys)
        if found is None or (not found and isinstance(found, dict | str)):
            continue
        told[name] = leaf(found) if leaf else plain(found, member)
    return told


def _of_mapping(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if key in value:
            return value[key]
    return None


def _of_object(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        found = getattr(value, key, MISSING)
        if found is not MISSING:
            return found
    return None


Member = tuple[str, Shape, tuple[str, ...], Callable[[Any], Any] | None]


@cache
def _members(shape: Any, owner: Any) -> list[Member]:
    """Of each member: its name, its shape, the names that moto may have for it, and what reads a leaf."""
    return [
        (name, member, _keys(shape, name, member, owner), _leaf(member) if _is_leaf(member) else None)
        for name, member in shape.members.items()
    ]


def _is_leaf(shape: Any) -> bool:
    return shape.type_name not in ("structure", "list")


def _leaf(shape: Any) -> Callable[[Any], Any]:
    return _LEAVES.get(shape.type_name, str)


def _keys(shape: Any, name: str, member: Any, owner: Any) -> tuple[str, ...]:
    member.parent = shape
    asked = AttributePickerContext(obj=owner.__new__(owner), key=name, shape=member)
    return tuple(dict.fromkeys(_PICKER.get_possible_keys(asked)))


def _time(value: datetime | str) -> str:
    return value if isinstance(value, str) else value.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _text(value: Any) -> str:
    return _time(value) if isinstance(value, datetime) else str(value)


def _boolean(value: Any) -> bool:
    return value.lower() == "true" if isinstance(value, str) else bool(value)


_LEAVES: Mapping[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "timestamp": _time,
    "string": _text,
}
