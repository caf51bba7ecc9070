"""From text to blocks and attributes, each with its line. The only importer of hcl2."""

import re
from typing import Any, TypeAlias, cast

from attrs import frozen
from hcl2.api import parses_to_tree
from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from portinfra.declaration.hcl.problem import problem
from portinfra.declaration.hcl.text import ESCAPES, unquote
from portinfra.model.location import Location

Expression: TypeAlias = Tree[Token]
"""A piece of python-hcl2's tree; `expressions` knows its shapes."""

BLANK = "new_line_or_comment"


@frozen
class Attribute:
    """`name = expression`."""

    name: str
    expression: Expression
    location: Location


@frozen
class Block:
    """`kind "label" { … }`."""

    kind: str
    labels: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    blocks: tuple["Block", ...]
    location: Location


def parse(text: str, file: str) -> Block:
    """The whole file, as a block without a kind. Raises Problem at the first line that is no HCL."""
    tree = _tree(text, file)
    body = cast(Expression, tree.children[0])
    return _block("", (), body, Location(file, 1), text)


def parse_expression(text: str, location: Location) -> Expression:
    """One expression, at the line that the location says. Raises Problem."""
    above = "\n" * (location.line - 1)
    written = f"({text}\n)" if "\n" in text else text
    tree = _tree(f"{above}value = {written}", location.file)
    attribute, *more = parts(cast(Expression, tree.children[0]))
    if more:
        raise problem("syntax", "two expressions stand where one should", "Leave one.", location)
    return cast(Expression, attribute.children[-1])


def parts(tree: Expression) -> list[Expression]:
    """The pieces below, without signs, blank lines and comments."""
    return [child for child in tree.children if isinstance(child, Tree) and child.data != BLANK]


def line_of(tree: Expression, otherwise: int) -> int:
    """The line on which a piece begins."""
    return otherwise if tree.meta.empty else tree.meta.line


def _tree(text: str, file: str) -> Expression:
    try:
        return cast(Expression, parses_to_tree(text))
    except UnexpectedInput as error:
        line = error.line if isinstance(error.line, int) and error.line > 0 else text.count("\n") + 1
        message, fix = _plainly(error, text)
        if opened := _opened_text(text, line):  # the parser read on to the next quote, lines below
            line, message, fix = opened, *_NOT_CLOSED
        raise problem("syntax", message, fix, Location(file, min(line, text.count("\n") + 1))) from None


_NOT_CLOSED = ("a text is not closed", 'End it with ", on the line on which it begins.')


def _opened_text(text: str, until: int) -> int | None:
    """The first line, up to that of an error, with a quote that is not closed on it."""
    marker = ""
    for number, line in enumerate(text.splitlines()[:until], 1):
        if marker:
            marker = "" if line.strip() == marker else marker
            continue
        if heredoc := re.search(r"<<-?(\w+)\s*$", line):
            marker = heredoc.group(1)
        quotes = re.sub(r"\\.", "", line)
        code = re.match(r'(?:[^"#/]|"[^"]*"|/(?!/))*', quotes)
        if code and '"' in quotes[code.end() : code.end() + 1]:
            return number
    return None


def _plainly(error: UnexpectedInput, text: str) -> tuple[str, str]:
    """What is wrong, and what to do, without the parser's own words."""
    if isinstance(error, UnexpectedCharacters):
        found = text[error.pos_in_stream : error.pos_in_stream + 1] if error.pos_in_stream is not None else ""
        return f"{found!r} cannot stand here", "Remove it, or put text in quotes."
    expected = set(error.accepts or error.expected) if isinstance(error, UnexpectedToken) else set()
    if "STRING_CHARS" in expected:
        return _NOT_CLOSED
    token = str(error.token) if isinstance(error, UnexpectedToken) else ""
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    if ended and "RBRACE" in expected:
        return "a block or mapping is not closed before the file ends", "Close it with }."
    if token == "," and "RBRACE" in expected:
        return "',' stands behind an attribute", "Remove it: each attribute has a line of its own."
    # A token may be a piece of a secret; where the file has any, none is shown.
    shown = "something" if "sensitive" in text else repr(_word(token))
    found = "the file ends" if ended else f"{shown} comes" if token[:1].strip() else "the line ends"
    wanted = _wanted(expected)
    return f"{found} where {wanted} should be", f"Write {wanted} here, or remove what is too much."


def _word(token: str) -> str:
    """The beginning of what cannot be read: a word, or a sign."""
    match = re.match(r"[\w-]{1,40}|.", token)
    return match.group() if match else token


def _wanted(expected: set[str]) -> str:
    if "FLOAT_LITERAL" in expected or "INT_LITERAL" in expected:
        return "a value"
    for names, words in (
        ({"RSQB"}, "',' or ']'"),
        ({"RPAR"}, "',' or ')'"),
        ({"EQ", "LBRACE"}, "'=' or '{'"),
        ({"LBRACE"}, "'{'"),
        ({"RBRACE"}, "'}'"),
        ({"NAME"}, "a name"),
    ):
        if names <= expected:
            return words
    return "something else"


def _block(kind: str, labels: tuple[str, ...], body: Expression, location: Location, text: str) -> Block:
    attributes: list[Attribute] = []
    blocks: list[Block] = []
    for position, piece in enumerate(parts(body)):
        here = Location(location.file, line_of(piece, location.line))
        if position and not _begins_line(piece, text):
            raise problem("syntax", "two things stand on one line", "Give each a line of its own.", here)
        if piece.data == "attribute":
            name, expression = _name(piece.children[0], here), cast(Expression, piece.children[-1])
            attributes.append(Attribute(name, expression, here))
        else:
            blocks.append(_inner_block(piece, here, text))
    return Block(kind, labels, tuple(attributes), tuple(blocks), location)


def _inner_block(piece: Expression, here: Location, text: str) -> Block:
    head, *rest = [child for child in piece.children if isinstance(child, Tree)]
    named = [child for child in rest if child.data not in ("body", BLANK)]
    body = next(child for child in rest if child.data == "body")
    return _block(_name(head, here), tuple(_name(label, here) for label in named), body, here, text)


def _begins_line(piece: Expression, text: str) -> bool:
    start = piece.meta.start_pos
    before = text[text.rfind("\n", 0, start) + 1 : start].strip()
    return not before or before.endswith("*/")


def _name(tree: Any, here: Location) -> str:
    """An identifier, or a label in quotes."""
    if tree.data != "string":
        return str(tree.children[0])
    tokens = [part.children[0] for part in tree.children if isinstance(part, Tree)]
    if all(isinstance(token, Token) for token in tokens):
        try:
            return "".join(unquote(str(token)) for token in tokens)
        except ValueError as error:
            raise problem("text", str(error), ESCAPES, here) from None
    raise problem("label", "a name cannot be computed", "Write it as plain text.", here)
