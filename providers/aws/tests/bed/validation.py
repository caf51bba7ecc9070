"""A flat query, held against the official model: every parameter known, complete, and of its type.

EC2 is as strict about names and types; where it would overlook something (an index that is missing, a list
that starts at 0), the bed is stricter, because nobody sends that on purpose.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape

from bed.errors import EC2Error
from bed.official import Operation, members, query_name

Tree = dict[str, Any]

COMMON = frozenset({"Action", "Version"})

OPEN = frozenset({"InstanceType"})
"""Enumerations that grow every week: what they do not name is refused by rule, not by form."""

_INTEGER = re.compile(r"-?\d{1,18}")
_FLOAT = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


def parameters(operation: Operation, flat: Mapping[str, str]) -> dict[str, Any]:
    """The parameters as boto3 would name them. Raises EC2Error for the first that is wrong."""
    tree = _tree({key: value for key, value in flat.items() if key not in COMMON})
    if operation.given is None:
        if tree:
            raise _unknown(next(iter(tree)))
        return {}
    given: dict[str, Any] = _structure(operation, operation.given, tree, "")
    return given


def _tree(flat: Mapping[str, str]) -> Tree:
    tree: Tree = {}
    for key, value in flat.items():
        node = tree
        *parents, leaf = key.split(".")
        for part in parents:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise _malformed(key, "is given both a value and members")
        if isinstance(node.get(leaf), dict):
            raise _malformed(key, "is given both a value and members")
        node[leaf] = value
    return tree


def _value(operation: Operation, shape: Shape, node: Any, path: str) -> Any:
    if shape.type_name == "structure":
        return _structure(operation, shape, node, path)
    if shape.type_name == "list":
        return _list(operation, shape, node, path)
    if isinstance(node, dict):
        raise _unknown(f"{path}.{next(iter(node))}")
    return leaf(shape, node, path)


def _structure(operation: Operation, shape: Any, node: Any, path: str) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise _malformed(path, "has members; it takes no value itself")
    names = {_name(operation, member, name): (name, member) for name, member in members(shape).items()}
    given = {}
    for key, value in node.items():
        where = f"{path}.{key}" if path else key
        if key not in names:
            raise _unknown(where)
        name, member = names[key]
        given[name] = _value(operation, member, value, where)
    for name in shape.required_members:
        if name not in given:
            member = members(shape)[name]
            where = _name(operation, member, name)
            raise EC2Error(
                "MissingParameter",
                f"The request must contain the parameter {f'{path}.{where}' if path else where}",
            )
    return given


def _list(operation: Operation, shape: Any, node: Any, path: str) -> list[Any]:
    if operation.service == "sts" and isinstance(node, dict):
        node = node.get("member")
    if not isinstance(node, dict):
        raise _malformed(path, "is a list: its items are numbered from 1")
    items = []
    for number in range(1, len(node) + 1):
        if str(number) not in node:
            raise _malformed(path, f"has no item {number}: items are numbered from 1 without a gap")
        items.append(_value(operation, shape.member, node[str(number)], f"{path}.{number}"))
    _bounds(shape, len(items), path, "items")
    return items


def leaf(shape: Any, text: str, path: str) -> Any:
    """A single value, of its type. Raises EC2Error where it is not."""
    kind = shape.type_name
    if kind == "boolean":
        if text not in ("true", "false"):
            raise _wrong(path, text, "is not a Boolean; it must be true or false")
        return text == "true"
    if kind in ("integer", "long"):
        if not _INTEGER.fullmatch(text):
            raise _wrong(path, text, "is not an integer")
        _bounds(shape, int(text), path, "")
        return int(text)
    if kind in ("float", "double"):
        if not _FLOAT.fullmatch(text):
            raise _wrong(path, text, "is not a number")
        return float(text)
    if kind == "timestamp":
        if not _TIMESTAMP.fullmatch(text):
            raise _wrong(path, text, "is not a time in the form of ISO 8601")
        return text
    if kind == "blob":
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise _wrong(path, text[:40], "is not base64") from None
    if shape.enum and shape.name not in OPEN and text not in shape.enum:
        raise _wrong(path, text, f"is not one of {', '.join(shape.enum)}")
    _bounds(shape, len(text), path, "characters")
    return text


def _bounds(shape: Shape, size: int, path: str, unit: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        limits = f"at least {low}" if high is None else f"from {low or 0} to {high}"
        raise _wrong(path, f"{size} {unit}".strip(), f"is out of bounds; it must be {limits}")


def _name(operation: Operation, shape: Shape, name: str) -> str:
    return query_name(shape, name) if operation.service == "ec2" else shape.serialization.get("name", name)


def _unknown(path: str) -> EC2Error:
    return EC2Error("UnknownParameter", f"The parameter {path} is not recognized")


def _malformed(path: str, why: str) -> EC2Error:
    return EC2Error("InvalidParameter", f"The parameter {path} {why}")


def _wrong(path: str, value: str, why: str) -> EC2Error:
    return EC2Error("InvalidParameterValue", f"Value ({value}) for parameter {path} {why}")
