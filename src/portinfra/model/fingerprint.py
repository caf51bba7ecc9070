"""Fingerprints of declarations: equal values have equal fingerprints in every version of portinfra."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from attrs import fields, has

from portinfra.model.former_names import stored_name


def fingerprint(value: Any) -> str:
    """Return sixteen hexadecimal digits of a value of the model.

    Secrets and attributes with their default value are left out. So a field that a later version adds changes
    nothing.
    """
    text = json.dumps(_plain(value), sort_keys=True, default=_name_of)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _name_of(value: Any) -> str:
    """Return a text for a value that JSON has no type for. For a Python function that is its name, which does
    not change.
    """
    if not callable(value):
        return repr(value)
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _plain(value: Any) -> Any:
    if has(type(value)):
        compared = [field for field in fields(type(value)) if field.eq and field.repr]
        given = ((f, getattr(value, f.name)) for f in compared)
        return {stored_name(f): _plain(held) for f, held in given if held != _default(f.default)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _default(declared: Any) -> Any:
    return declared.factory() if hasattr(declared, "factory") else declared
