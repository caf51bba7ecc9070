"""Heredocs: text and expressions by turns. (Those of a text in quotes are told apart by python-hcl2.)"""

from collections.abc import Iterator
from typing import TypeAlias

from attrs import frozen

from portinfra.declaration.hcl.problem import problem
from portinfra.declaration.hcl.syntax import Expression
from portinfra.declaration.hcl.text import heredoc_body
from portinfra.model.location import Location

Piece: TypeAlias = "str | Expression"


@frozen
class Interpolation:
    """What stands between `${` and `}`, not yet parsed."""

    expression: str


def pieces_of_heredoc(written: str, location: Location) -> Iterator[tuple[str | Interpolation, int]]:
    """The pieces of a heredoc, each with its line. Raises Problem."""
    text = heredoc_body(written)
    position = start = 0
    plain: list[str] = []
    while position < len(text):
        line = location.line + 1 + text.count("\n", 0, position)
        here = Location(location.file, line)
        if text.startswith(("$${", "%%{"), position):
            plain.append(text[start:position])
            start, position = position + 1, position + 3
        elif text.startswith("%{", position):
            fix = "Use a condition, ${a ? b : c}; write %%{ for the characters themselves."
            raise problem("unsupported", "%{…} is not read here", fix, here)
        elif text.startswith("${", position):
            plain.append(text[start:position])
            yield "".join(plain), line
            plain.clear()
            end = _closing(text, position + 2, here)
            yield Interpolation(text[position + 2 : end]), line
            start = position = end + 1
        else:
            position += 1
    yield "".join([*plain, text[start:]]), location.line


def _closing(text: str, position: int, here: Location) -> int:
    """Where the brace is that ends the expression that begins at `position`."""
    depth = 0
    while position < len(text):
        character = text[position]
        if character == '"':
            position = _end_of_text(text, position + 1, here)
        elif character == "{":
            depth += 1
        elif character == "}":
            if not depth:
                return position
            depth -= 1
        position += 1
    raise problem("syntax", "${ is not closed", "Close it with }, or write $${ for the characters.", here)


def _end_of_text(text: str, position: int, here: Location) -> int:
    """Where the quote is that ends the text that begins at `position`."""
    while position < len(text) and text[position] != '"':
        if text.startswith("${", position):
            position = _closing(text, position + 2, here)
        elif text[position] == "\\":
            position += 1
        position += 1
    return position
