"""The parser: it turns text into blocks and attributes with their lines."""

import re
from collections.abc import Iterable
from typing import Any

from attrs import evolve, field

from portinfra.declaration.hcl.plain import read_plain
from portinfra.declaration.hcl.problem import problem
from portinfra.declaration.hcl.source import Source, check_shape
from portinfra.declaration.hcl.text import ESCAPES, unquote
from portinfra.declaration.hcl.tree import (
    BLANK,
    Expression,
    Tree,
    is_token,
    parts,
    place_of,
    subtrees,
    tokens,
)
from portinfra.model.location import Location
from portinfra.value import frozen


@frozen
class Attribute:
    """`name = expression`."""

    name: str
    expression: Expression
    location: Location
    source: Source = field(repr=False)


@frozen
class Block:
    """`kind "label" { … }`."""

    kind: str
    labels: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    blocks: tuple["Block", ...]
    location: Location


def parse(text: str, file: str, *, is_secret: bool = False) -> Block:
    """Return the whole file, as a block without a kind. Raises Problem at the first line that is no HCL.

    No error shows a line of a secret file, or a line of user data or SSH keys. If a file has sensitive
    variables, errors of syntax show no line of it, and other errors show no line of a variable block.
    """
    may_be_secret = is_secret or "sensitive" in text
    hidden = _hidden_lines(text.split("\n"))
    written = Source(file, text, hidden=None if may_be_secret else hidden)
    tree = _tree(written, len(written.lines))
    body = tree.children[0]
    shown = may_be_secret and not is_secret
    source = evolve(written, hidden=hidden | _lines_of_variables(body)) if shown else written
    return _block("", (), body, source.at(1), source)


def parse_expression(source: Source) -> Expression:
    """Return the one expression of a text. Raises Problem.

    The text is parsed as the value of an attribute, in parentheses if it has several lines. The nodes have
    their places in the file, and not those in the text.
    """
    text = source.text
    before, after = ("value = (", "\n)") if "\n" in text else ("value = ", "")
    written = evolve(source, text=f"{before}{text}{after}", column=source.column - len(before))
    tree = _tree(written, len(source.lines))
    attribute, *more = parts(tree.children[0])
    if more or attribute.data != "attribute":
        raise problem("syntax", "there must be one expression here", "Leave one.", source.at(1))
    for piece in subtrees(attribute):
        if not piece.meta.empty:
            place = written.at(piece.meta.line, piece.meta.column)
            piece.meta.line, piece.meta.column = place.line, place.column
    value: Expression = attribute.children[-1]
    return value


def _tree(source: Source, last: int) -> Tree:
    """Parse a text. Errors have lines up to `last`. Raises Problem."""
    check_shape(source)
    plain = read_plain(source.text)
    if plain is not None:
        return plain
    from portinfra.declaration.hcl.grammar import read_all  # python-hcl2 is slow to start

    return read_all(source, last)


_SECRET = re.compile(r"\b(?:user_data|ssh_keys)\b")
_HEREDOC = re.compile(r"<<-?([^\W\d][\w.-]*)\s*$")


def _hidden_lines(lines: Iterable[str]) -> frozenset[int]:
    """Return the lines of user data and SSH keys, with a heredoc that begins there."""
    found: set[int] = set()
    marker = ""
    for number, line in enumerate(lines, 1):
        if marker or _SECRET.search(line):
            found.add(number)
        if marker:
            marker = "" if line.strip() == marker else marker
        elif number in found and (heredoc := _HEREDOC.search(line)):
            marker = heredoc[1]
    return frozenset(found)


def _lines_of_variables(body: Tree) -> frozenset[int]:
    """Return the lines of the `variable` blocks."""
    lines: set[int] = set()
    for piece in parts(body):
        first = next(tokens(piece), "")
        if first == "variable":
            lines.update(range(piece.meta.line, piece.meta.end_line + 1))
    return frozenset(lines)


def _block(kind: str, labels: tuple[str, ...], body: Tree, location: Location, source: Source) -> Block:
    attributes: list[Attribute] = []
    blocks: list[Block] = []
    for position, piece in enumerate(parts(body)):
        here = place_of(piece, source, location)
        if position and not _begins_line(piece, source.text):
            raise problem(
                "syntax", "a line has two attributes or blocks", "Give each a line of its own.", here
            )
        if piece.data == "attribute":
            name, expression = _name(piece.children[0], here), piece.children[-1]
            attributes.append(Attribute(name, expression, here, source))
        else:
            blocks.append(_inner_block(piece, here, source))
    return Block(kind, labels, tuple(attributes), tuple(blocks), location)


def _inner_block(piece: Tree, here: Location, source: Source) -> Block:
    head, *rest = [child for child in piece.children if not is_token(child)]
    named = [child for child in rest if child.data not in ("body", BLANK)]
    body = next(child for child in rest if child.data == "body")
    return _block(_name(head, here), tuple(_name(label, here) for label in named), body, here, source)


def _begins_line(piece: Tree, text: str) -> bool:
    start = piece.meta.start_pos
    before = text[text.rfind("\n", 0, start) + 1 : start].strip()
    return not before or before.endswith("*/")


def _name(tree: Any, here: Location) -> str:
    """Return an identifier, or a label in quotes."""
    if tree.data != "string":
        return str(tree.children[0])
    pieces = [part.children[0] for part in tree.children if not is_token(part)]
    if all(map(is_token, pieces)):
        try:
            return "".join(unquote(str(token)) for token in pieces)
        except ValueError as error:
            raise problem("text", str(error), ESCAPES, here) from None
    raise problem("label", "a name cannot be computed", "Write it as plain text.", here)
