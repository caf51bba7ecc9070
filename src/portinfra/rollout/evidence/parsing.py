"""The conversion of a document into the value that it was made from. It reports all errors at once."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields, has

from portinfra.errors import PortinfraError
from portinfra.model.plain import Document, JsonObject

T = TypeVar("T")

WORDS: dict[Any, str] = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
LIMIT = 2.0**53
"""The limit of numbers: readers of JSON differ about greater ones."""
MOMENTS = ("started", "ended", "at", "taken", "as_of")
"""The fields with a moment."""


def parse(text: str, fix: str) -> Document:
    """Return the document of a text in JSON.

    Raises PortinfraError, with `fix`, for a text that is no JSON object or has a field twice. One reader
    would see the first value, and another the last.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise PortinfraError(f"this is no evidence: it is no JSON ({error})", fix=fix) from error
    if not isinstance(document, dict):
        raise PortinfraError("this is no evidence: it is no JSON object", fix=fix)
    return document


def read_value(kind: type[T], document: JsonObject, fix: str) -> T:
    """Return the value of an attrs class from which `document_of` made the document.

    Unknown fields are left out: a later version may have added them. Raises PortinfraError, with `fix` and
    all errors.
    """
    wrong: list[str] = []
    value: T = _read(kind, document, "", wrong)
    if wrong:
        raise PortinfraError(f"this is no evidence: {'; '.join(wrong)}", fix=fix)
    return value


def _once(pairs: Iterable[tuple[str, Any]]) -> Document:
    pairs = list(pairs)
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"it has {', '.join(twice)} twice")
    return document


def _read(kind: Any, given: Any, path: str, wrong: list[str]) -> Any:
    """Return the value as this type has it. Add errors to the list."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if given is None else _read(arguments[0], given, path, wrong)
    if origin is tuple:
        items = given if isinstance(given, list) else []
        if items is not given:
            wrong.append(f"{path} is not a list")
        return tuple(_read(arguments[0], item, f"{path}[{n}]", wrong) for n, item in enumerate(items))
    if has(kind):
        return _read_object(kind, given, path, wrong)
    if origin is Literal:
        if given not in arguments:
            wrong.append(f"{path} is not one of {', '.join(arguments)}")
    elif not _is(kind, given):
        wrong.append(f"{path} is not {WORDS[kind]}")
    elif path.rpartition(".")[2] in MOMENTS and not _is_moment(given):
        wrong.append(f"{path} is not a date with time and zone: {given[:40]!r}")
    return given


def _read_object(kind: Any, given: Any, path: str, wrong: list[str]) -> Any:
    if not isinstance(given, Mapping):
        wrong.append(f"{path} is not an object")
        return None
    hints, before = get_type_hints(kind), len(wrong)
    values = {}
    for field in fields(kind):
        name = f"{path}.{field.name}".lstrip(".")
        if field.name in given:
            values[field.name] = _read(hints[field.name], given[field.name], name, wrong)
        elif field.default is NOTHING:
            wrong.append(f"{name} is missing")
    return kind(**values) if len(wrong) == before else None


def _is(kind: type, given: object) -> bool:
    if kind in (int, float):
        return type(given) in (int, kind) and abs(given) < LIMIT  # type: ignore[arg-type]
    return type(given) is kind


def _is_moment(given: str) -> bool:
    try:
        at = datetime.fromisoformat(given)
        at.astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return at.tzinfo is not None
