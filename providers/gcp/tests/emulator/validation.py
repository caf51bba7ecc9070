"""What is sent is compared with the official document; so is what the bed answers.

Numbers of 64 bits are strings in JSON, and may be sent as numbers; others may be sent as strings:
https://protobuf.dev/programming-guides/json/.
"""

import base64
import binascii
import re
from typing import Any

from emulator import official
from emulator.errors import GceError, invalid, required
from emulator.official import Method, Schema

_WHOLE = re.compile(r"-?[0-9]+\Z")
_PARTIAL = re.compile(r"(?:global|(?:zones|regions)/[^/]+)/[A-Za-z]+/[^/]+\Z")
_PROMISED = re.compile(r"partial|(?<![\w/-])(?:global|zones|regions)/", re.IGNORECASE)
_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}


def parameters(method: Method, path: dict[str, str], query: dict[str, list[str]]) -> dict[str, Any]:
    """The parameters of a request, in their types. Raises GceError for what the document refuses."""
    told: dict[str, Any] = {}
    for name, value in path.items():
        _fits(name, value, method.params.get(name, {}))
        told[name] = value
    for name, values in query.items():
        schema = method.params.get(name) or official.common().get(name)
        if schema is None or schema.get("location") == "path":
            why = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
            raise GceError(400, "badRequest", f"{why}Field '{name}' could not be found in request message.")
        typed = [_typed(name, value, schema) for value in values]
        told[name] = typed if schema.get("repeated") else typed[-1]
    for name, schema in method.params.items():
        if schema.get("required") and name not in told:
            raise GceError(400, "required", f"Required parameter: {name}", location=name)
    return told


def _typed(name: str, value: str, schema: Schema) -> Any:
    if schema["type"] == "boolean":
        if value.lower() not in ("true", "false"):
            raise _mistyped(name, value, "TYPE_BOOL")
        return value.lower() == "true"
    if schema["type"] == "integer":
        return int(_number(name, value, schema))
    _fits(name, value, schema)
    return value


def body(method: Method, told: Any) -> dict[str, Any]:
    """What was sent, without what only Compute Engine says. Raises GceError for what the schema refuses."""
    if not method.given:
        return {}  # what is sent all the same is not looked at: libcloud sends "ignored"
    if not isinstance(told, dict):
        raise GceError(400, "parseError", "Parse Error")
    found: dict[str, Any] = convert("resource", told, official.schema(method.given), method.id)
    return found


def convert(where: str, value: Any, schema: Schema, method: str) -> Any:
    """Return the value in its type. `method` is empty for an answer, of which nothing may be left out."""
    if "$ref" in schema:
        schema = official.schema(schema["$ref"])
    kind = schema.get("type", "any")
    if kind == "object":
        return _object(where, value, schema, method)
    if kind == "array":
        if not isinstance(value, list):
            raise _mistyped(where, value, "array")
        return [convert(f"{where}[{at}]", each, schema["items"], method) for at, each in enumerate(value)]
    if kind == "boolean":
        if not isinstance(value, bool):
            raise _mistyped(where, value, "TYPE_BOOL")
        return value
    if kind in ("integer", "number"):
        return _number(where, value, schema)
    if kind == "string":
        return _string(where, value, schema)
    return value


def _object(where: str, value: Any, schema: Schema, method: str) -> Any:
    if not isinstance(value, dict):
        raise _mistyped(where, value, "object")
    if "additionalProperties" in schema:
        inner = schema["additionalProperties"]
        return {name: convert(f"{where}.{name}", each, inner, method) for name, each in value.items()}
    fields = schema.get("properties", {})
    told = {}
    for name, each in value.items():
        if name not in fields:
            why = f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field."
            raise GceError(400, "badRequest", why)
        if each is None:
            if not method:
                raise _mistyped(f"{where}.{name}", each, "null")
        elif not method or not _output_only(fields[name]):
            told[name] = convert(f"{where}.{name}", each, fields[name], method)
    for name, inner in fields.items():
        needed = inner.get("annotations", {}).get("required", ())
        # "required" of the document is too strict where only what changes is sent
        if method in needed and name not in told and not method.endswith(".patch"):
            raise required(f"{where}.{name}")
    return told


def _output_only(schema: Schema) -> bool:
    return bool(schema.get("readOnly")) or schema.get("description", "").startswith("[Output Only]")


def _number(where: str, value: Any, schema: Schema) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _mistyped(where, value, schema.get("format", "int32").upper())
    if schema.get("type") == "number":
        try:
            return float(value)
        except ValueError:
            raise _mistyped(where, value, "TYPE_DOUBLE") from None
    if not _WHOLE.match(str(value)):
        raise _mistyped(where, value, f"TYPE_{schema.get('format', 'int32').upper()}")
    least, most = _RANGES.get(schema.get("format", ""), (-(2**63), 2**63))
    if not least <= int(value) <= most:
        raise _mistyped(where, value, f"TYPE_{schema.get('format', 'int32').upper()}")
    return int(value)


def _string(where: str, value: Any, schema: Schema) -> str:
    if schema.get("format") in ("int64", "uint64"):
        return str(_number(where, value, {"format": schema["format"]}))
    if not isinstance(value, str):
        raise _mistyped(where, value, "TYPE_STRING")
    if schema.get("format") == "byte" and value:
        try:
            base64.b64decode(value, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _mistyped(where, value, "TYPE_BYTES") from None
    _fits(where, value, schema)
    if _PARTIAL.match(value) and not _takes_partial_links(schema.get("description", "")):
        raise invalid(where, value, "The URL is malformed.")
    return value


def _takes_partial_links(description: str) -> bool:
    """Whether the document says so of a field; of one that is no link there is nothing to say."""
    return "URL" not in description or _PROMISED.search(description) is not None


def _fits(where: str, value: str, schema: Schema) -> None:
    if value and "enum" in schema and value not in schema["enum"]:
        raise invalid(where, value, f"Must be one of: {', '.join(schema['enum'])}")
    if "pattern" in schema and not official.pattern(schema["pattern"]).match(value):
        raise invalid(where, value, f"Must be a match of regex '{schema['pattern']}'")


def _mistyped(where: str, value: Any, kind: str) -> GceError:
    return GceError(400, "badRequest", f"Invalid value at '{where}' ({kind}), {value!r}")


def answer(method: Method, told: Any) -> None:
    """Raises GceError where the bed's own answer is not what the document says."""
    if method.told:
        convert("answer", told, official.schema(method.told), "")
