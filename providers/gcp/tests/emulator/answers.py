"""The bed's own answers are compared with the official document.

Most of them are correct, and there are many: a test of each schema is made once, and remembers the texts that
it has accepted. Only the slow check of `validation`, which a wrong answer gets as well, says what is wrong.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from emulator import official, validation
from emulator.errors import GceError
from emulator.official import Method, Schema

FIXED = frozenset(
    f"{collection}.{action}"
    for collection in ("machineTypes", "diskTypes")
    for action in ("list", "aggregatedList")
)
"""The methods that list hundreds of records which nothing changes."""


class Fixed(dict[str, Any]):
    """An answer that never changes. It keeps its JSON once it has been checked."""

    text: str = ""


Test = Callable[[Any], bool]


def check(method: Method, answer: Any) -> None:
    """Raise GceError where an answer is not what the document says."""
    if method.told and not _test_of(method.told)(answer):
        validation.answer(method, answer)


@cache
def _test_of(name: str) -> Test:
    """Return the test of a schema, by its name."""
    return _make_test(official.schema(name))


def _make_test(schema: Schema) -> Test:
    if "$ref" in schema:
        name: str = schema["$ref"]
        return lambda value: _test_of(name)(value)  # schemas refer to themselves
    kind = schema.get("type", "any")
    if kind == "array":
        item = _make_test(schema["items"])
        return lambda value: isinstance(value, list) and all(map(item, value))
    if kind != "object":
        return _make_plain_test(schema)
    if "additionalProperties" in schema:
        inner = _make_test(schema["additionalProperties"])
        return lambda value: isinstance(value, dict) and all(map(inner, value.values()))
    fields = {name: _make_test(each) for name, each in schema.get("properties", {}).items()}
    return lambda value: (
        isinstance(value, dict)
        and all(name in fields and each is not None and fields[name](each) for name, each in value.items())
    )


def _make_plain_test(schema: Schema) -> Test:
    """Return the test of a number, a text or a truth value."""
    accepted: set[str] = set()

    def test(value: Any) -> bool:
        if isinstance(value, str) and value in accepted:
            return True
        try:
            validation.convert("answer", value, schema, "")
        except GceError:
            return False
        if isinstance(value, str):
            accepted.add(value)
        return True

    return test
