"""The functions that an expression may call. Each takes plain values and raises ValueError or TypeError."""

import base64
import json
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import Any


def show(value: Any) -> str:
    """A value as a template shows it. Raises TypeError for what is no single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise TypeError(f"{in_words(value)} cannot be put into a text")


def in_words(value: Any) -> str:
    """What a value is, without showing it."""
    if value is None:
        return "null"
    words = {
        bool: "true or false",
        str: "text",
        int: "a number",
        float: "a number with a fraction",
        list: "a list",
    }
    return words.get(type(value), "a mapping")


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal; unlike in Python, `true` is no number."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"takes text, not {in_words(value)}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"takes a list, not {in_words(value)}")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"takes a mapping, not {in_words(value)}")
    return value


def _format(pattern: Any, *values: Any) -> str:
    shown = [value if isinstance(value, int | float | str) else show(value) for value in values]
    return _text(pattern).replace("%v", "%s").replace("%q", '"%s"') % tuple(shown)


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise TypeError(f"takes text, a list or a mapping, not {in_words(value)}")
    return len(value)


def _merge(*mappings: Any) -> dict[str, Any]:
    return {key: value for mapping in mappings for key, value in _mapping(mapping).items()}


def _lookup(mapping: Any, key: Any, *otherwise: Any) -> Any:
    found = _mapping(mapping)
    if _text(key) not in found and not otherwise:
        raise ValueError("the mapping has no such key, and no third argument says what to take instead")
    return found.get(key, otherwise[0] if otherwise else None)


def _cidrsubnet(prefix: Any, bits: Any, number: Any) -> str:
    network, length = IPv4Network(_text(prefix)), int(bits)
    room = 32 - network.prefixlen
    if not 0 <= length <= room:
        raise ValueError(f"a /{network.prefixlen} has room for {room} more bits")
    if not 0 <= int(number) < 2**length:
        raise ValueError(f"{length} more bits make {2**length} subnets, counted from 0")
    first = network.network_address + (int(number) << (room - length))
    return f"{first}/{network.prefixlen + length}"


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "base64encode": lambda text: base64.b64encode(_text(text).encode()).decode(),
    "cidrsubnet": _cidrsubnet,
    "concat": lambda *lists: [item for one in lists for item in _list(one)],
    "contains": lambda items, wanted: any(same(item, wanted) for item in _list(items)),
    "format": _format,
    "join": lambda separator, items: _text(separator).join(show(item) for item in _list(items)),
    "jsonencode": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "keys": lambda mapping: sorted(_mapping(mapping)),
    "length": _length,
    "lookup": _lookup,
    "lower": lambda text: _text(text).lower(),
    "merge": _merge,
    "upper": lambda text: _text(text).upper(),
}
"""By name. `file`, which needs to know who asks, is the evaluator's own."""
