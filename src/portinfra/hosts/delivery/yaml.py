"""YAML of strings, lists and mappings. A text of several lines is a literal block, for `git diff`.

https://yaml.org/spec/1.2.2/#812-literal-style
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Value: TypeAlias = "str | Sequence[Value] | Mapping[str, Value]"

_BLOCK = re.compile(r"[!-~](?:[\t\n -~]*[!-~])?\n")
"""A text that a literal block keeps: printable ASCII, no blank at its begin, one line break at its end."""


class Verbatim(str):
    """A text in which Ansible expands no expression."""


def to_yaml(value: Mapping[str, Value]) -> str:
    """Return a mapping as YAML, in its order."""
    return "".join(f"{line}\n" for line in _mapping(value, "")) or "{}\n"


def _mapping(value: Mapping[str, Value], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{_quote(key)}:", item, indent)


def _entry(head: str, value: Value, indent: str) -> Iterator[str]:
    if isinstance(value, str):
        tag = "!unsafe " if isinstance(value, Verbatim) else ""
        if "\n" in value and _BLOCK.fullmatch(value):
            yield f"{head} {tag}|"
            yield from (f"{indent}  {line}" if line else "" for line in value[:-1].split("\n"))
        else:
            yield f"{head} {tag}{_quote(value)}"
    elif isinstance(value, Mapping):
        yield f"{head}{'' if value else ' {}'}"
        yield from _mapping(value, f"{indent}  ")
    else:
        yield f"{head}{'' if value else ' []'}"
        for item in value:
            yield from _item(item, f"{indent}  ")


def _item(value: Value, indent: str) -> Iterator[str]:
    """Yield an item of a list: the first line of a mapping follows the dash."""
    if isinstance(value, Mapping) and value:
        first, *rest = _mapping(value, f"{indent}  ")
        yield f"{indent}- {first.lstrip()}"
        yield from rest
    else:
        yield from _entry(f"{indent}-", value, indent)


def _quote(text: str) -> str:
    """Return a text in double quotes, in printable ASCII."""
    return f'"{"".join(map(_escape, text))}"'


def _escape(one: str) -> str:
    """Return a character as JSON has it. But JSON has pairs of codes for one character, and DEL as it is."""
    return f"\\U{ord(one):08x}" if one > "\uffff" or one == "\x7f" else json.dumps(one)[1:-1]
