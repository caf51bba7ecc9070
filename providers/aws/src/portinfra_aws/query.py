"""Parameters of a request, as EC2's query API takes them: `Filter.1.Value.2=…`, counted from 1."""

from collections.abc import Mapping
from typing import Any


def flatten(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Nested mappings and lists under the query API's own names, as flat fields. None is left out."""
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
    """A filter of a list: the attribute of that name has one of the values."""
    return {"Name": name, "Value": list(values)}
