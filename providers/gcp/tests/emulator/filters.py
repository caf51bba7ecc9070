"""`filter=`: which resources a list shows.

The words of the document: expressions that follow AIP-160 (`labels.owner = x`, `:*` for existence, AND, OR,
parentheses) or `eq` and `ne` with regular expressions; the two cannot be mixed.
https://cloud.google.com/compute/docs/reference/rest/v1/instances/list ("filter"), https://google.aip.dev/160.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from emulator import official
from emulator.errors import GceError, invalid

Test = Callable[[dict[str, Any]], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[()])"
    r"|(?P<op>!=|<=|>=|=|<|>|:)"
    r"|\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)'"
    r"|(?P<word>[^\s()=!<>:\"']+(?::[^\s()]*)?))"
)
_FIELD = re.compile(r"[A-Za-z_][\w.-]*\Z")


class _Reader:
    """A recursive descent through one expression."""

    def __init__(self, text: str, schema: str) -> None:
        self.text = text
        self.schema = schema
        self.tokens = list(self._split())
        self.at = 0
        self.styles: set[str] = set()

    def wrong(self) -> GceError:
        return invalid("filter", self.text, "Invalid list filter expression.")

    def _split(self) -> Iterator[tuple[str, str]]:
        at, text, before = 0, self.text.strip(), ""
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self.wrong()
            at = found.end()
            kind = str(found.lastgroup)
            value = found[kind]
            literal, before = before in ("eq", "ne"), value
            if kind == "word" and ":" in value and not literal and _FIELD.match(value.partition(":")[0]):
                field, _, rest = value.partition(":")
                yield "word", field
                yield "op", ":"
                if rest:
                    yield "word", rest
            else:
                yield ("text", value) if kind in ("double", "single") else (kind, value)

    def peek(self, *values: str) -> bool:
        return (
            self.at < len(self.tokens)
            and self.tokens[self.at][1] in values
            and (self.tokens[self.at][0] != "text")
        )

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self.wrong()
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self) -> Test:
        test = self.alternatives()
        if self.at < len(self.tokens) or len(self.styles) > 1:
            raise self.wrong()
        return test

    # AIP-160: OR binds more tightly than AND
    def alternatives(self) -> Test:
        tests = [self.either()]
        while self.at < len(self.tokens) and not self.peek(")"):
            if self.peek("AND"):
                self.take()
            tests.append(self.either())
        return lambda body: all(test(body) for test in tests)

    def either(self) -> Test:
        tests = [self.single()]
        while self.peek("OR"):
            self.take()
            tests.append(self.single())
        return lambda body: any(test(body) for test in tests)

    def single(self) -> Test:
        if self.peek("NOT"):
            self.take()
            inner = self.single()
            return lambda body: not inner(body)
        if self.peek("("):
            self.take()
            inner = self.alternatives()
            if self.take() != ("paren", ")"):
                raise self.wrong()
            return inner
        return self.comparison()

    def comparison(self) -> Test:
        kind, field = self.take()
        if kind != "word" or not _FIELD.match(field) or not _known(self.schema, field):
            raise self.wrong()
        kind, operator = self.take()
        if kind == "word" and operator in ("eq", "ne"):
            self.styles.add("regular expression")
        elif kind == "op":
            self.styles.add("AIP-160")
        else:
            raise self.wrong()
        kind, value = self.take()
        if kind not in ("word", "text"):
            raise self.wrong()
        return _test(self, field, operator, value)


def _test(reader: _Reader, field: str, operator: str, value: str) -> Test:
    path = field.split(".")
    if operator in ("eq", "ne"):
        try:
            sought = re.compile(value)
        except re.error:
            raise reader.wrong() from None
        return lambda body: (
            (operator == "eq") == any(sought.fullmatch(_text(each)) for each in _values(body, path))
        )
    if operator == ":":
        return lambda body: any(value == "*" or _has(_text(each), value) for each in _values(body, path))
    if operator in ("=", "!="):
        return lambda body: (
            (operator == "=")
            == any(
                fnmatch.fnmatchcase(_text(each), re.sub(r"([\[?])", r"[\1]", value))
                for each in _values(body, path) or [""]
            )
        )
    return lambda body: any(_compare(_text(each), operator, value) for each in _values(body, path))


def _compare(told: str, operator: str, value: str) -> bool:
    left: Any = told
    right: Any = value
    with suppress(ValueError):
        left, right = float(told), float(value)
    if operator == "<":
        return bool(left < right)
    if operator == ">":
        return bool(left > right)
    return bool(left <= right) if operator == "<=" else bool(left >= right)


def _has(told: str, value: str) -> bool:
    return value.strip("*").lower() in told.lower()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(value: Any, path: list[str]) -> list[Any]:
    """What a path leads to, through every member of lists on its way."""
    if isinstance(value, list):
        return [found for each in value for found in _values(each, path)]
    if not path:
        return [] if value is None else [value]
    if not isinstance(value, dict):
        return []
    joined = ".".join(path)
    if joined in value:
        return _values(value[joined], [])
    return _values(value[path[0]], path[1:]) if path[0] in value else []


def _known(schema: str, field: str) -> bool:
    """Whether the schema has such a field."""
    at: Any = official.schema(schema)
    for name in field.split("."):
        while "$ref" in at or at.get("type") == "array":
            at = official.schema(at["$ref"]) if "$ref" in at else at["items"]
        if "additionalProperties" in at:
            return True
        if name not in at.get("properties", {}):
            return False
        at = at["properties"][name]
    return True


def compiled(text: str, schema: str) -> Test:
    """What tells whether a body is shown. Raises GceError for what is no filter."""
    return _Reader(text, schema).whole() if text.strip() else lambda body: True
