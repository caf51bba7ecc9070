"""Parameters of a request in the form of EC2's query API: `Filter.1.Value.2=…`, counted from 1."""

from collections.abc import Mapping
from typing import Any


def flatten(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return nested mappings and lists as flat fields of the query API. None is left out."""
    fields: dict[str, str] = {}
    for name, value in parameters.items():
        _flatten(name, value, fields)
    return fields


def _flatten(name: str, value: Any, fields: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten(f"{name}.{key}", inner, fields)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value, 1):
            _flatten(f"{name}.{number}", inner, fields)
    elif isinstance(value, bool):
        fields[name] = "true" if value else "false"
    elif value is not None:
        fields[name] = str(value)


def where(name: str, *values: str) -> dict[str, Any]:
    """Return a filter of a list: the attribute `name` has one of the values."""
    return {"Name": name, "Value": list(values)}
