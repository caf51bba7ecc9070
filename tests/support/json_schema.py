"""JSON Schema, as far as our schemas use it, and strict: a field that a schema lacks is wrong."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

SCHEMAS = files("portinfra.render") / "schemas"
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "null": type(None),
}
KNOWN = {"$schema", "title", "description", "type", "properties", "required", "additionalProperties"}
KNOWN |= {"items", "enum", "const", "anyOf", "$ref"}


@cache
def schema_of(name: str) -> dict[str, Any]:
    """The schema of that name, as the package has it."""
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def schema_names() -> set[str]:
    """The name of every schema of a document; parts of documents have no title."""
    names = {file.name.removesuffix(".json") for file in SCHEMAS.iterdir() if file.name.endswith(".json")}
    return {name for name in names if "title" in schema_of(name)}


def document_errors(document: dict[str, Any]) -> list[str]:
    """What is wrong with a document, by the schema that it names."""
    name, _, version = document["schema"].removeprefix("portinfra.").partition("/")
    assert version == "1"
    return list(errors(document, schema_of(name)))


def errors(value: Any, schema: dict[str, Any], place: str = "$") -> Iterator[str]:
    """Return every place where a value does not fit a schema."""
    assert set(schema) <= KNOWN, f"{set(schema) - KNOWN} is not known here"
    if "$ref" in schema:
        yield from errors(value, schema_of(schema["$ref"].removesuffix(".json")), place)
        return
    if "anyOf" in schema:
        if all(list(errors(value, option, place)) for option in schema["anyOf"]):
            yield f"{place}: fits none: {value!r}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{place}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is not in {schema['enum']}"
    types = schema.get("type", list(TYPES))
    if not any(_is(value, each) for each in ([types] if isinstance(types, str) else types)):
        yield f"{place}: {value!r} is not {types}"
    elif isinstance(value, dict) and types == "object":
        yield from _fields(value, schema, place)
    elif isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from errors(item, schema["items"], f"{place}[{number}]")


def _fields(value: dict[str, Any], schema: dict[str, Any], place: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    yield from (f"{place}: {name} is missing" for name in schema.get("required", ()) if name not in value)
    for name, item in value.items():
        inner = known.get(name, others)
        if inner is None:
            yield f"{place}: {name} is not described"
        else:
            yield from errors(item, inner, f"{place}.{name}")


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
