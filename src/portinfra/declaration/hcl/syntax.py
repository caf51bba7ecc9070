"""The parser: it turns text into blocks and attributes with their lines. Only it imports hcl2."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, cast

from attrs import evolve, field, frozen
from hcl2.api import parses_to_tree
from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.source import Source, check_shape, find_unclosed, strip_markers
from portinfra.declaration.hcl.text import ESCAPES, unquote
from portinfra.model.location import Location

Expression: TypeAlias = Tree[Token]
"""A node of the tree of python-hcl2; `expressions` knows its kinds."""

BLANK = "new_line_or_comment"


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
    body = cast(Expression, tree.children[0])
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
    attribute, *more = parts(cast(Expression, tree.children[0]))
    if more or attribute.data != "attribute":
        raise problem("syntax", "there must be one expression here", "Leave one.", source.at(1))
    for piece in attribute.iter_subtrees():
        if not piece.meta.empty:
            place = written.at(piece.meta.line, piece.meta.column)
            piece.meta.line, piece.meta.column = place.line, place.column
    return cast(Expression, attribute.children[-1])


def parts(tree: Expression) -> list[Expression]:
    """Return the nodes below, without signs, blank lines and comments."""
    return [child for child in tree.children if isinstance(child, Tree) and child.data != BLANK]


def tokens(tree: Expression) -> Iterator[Token]:
    """Yield all tokens of a node, from left to right."""
    ahead: list[Any] = [tree]
    while ahead:
        piece = ahead.pop()
        if isinstance(piece, Token):
            yield piece
        else:
            ahead += reversed(piece.children)


def place_of(tree: Expression, source: Source, otherwise: Location) -> Location:
    """Return the place at which a node begins."""
    return otherwise if tree.meta.empty else source.at(tree.meta.line, tree.meta.column)


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


def _lines_of_variables(body: Expression) -> frozenset[int]:
    """Return the lines of the `variable` blocks."""
    lines: set[int] = set()
    for piece in parts(body):
        first = next(tokens(piece), "")
        if first == "variable":
            lines.update(range(piece.meta.line, piece.meta.end_line + 1))
    return frozenset(lines)


_LETTER = re.compile(r"[^\x00-\x7f]")


def _tree(source: Source, last: int) -> Expression:
    """Parse a text. Errors have lines up to `last`. Raises Problem."""
    text = source.text
    check_shape(source)
    # python-hcl2 knows only ASCII letters. It gets `_` in place of each other one, and names are read from
    # the text itself, by their positions. It knows `~` in directives only, so `${~ … ~}` gets spaces.
    markers = strip_markers(text) if "~" in text else frozenset()
    plain = _LETTER.sub(_plain_letter, text)
    if markers:
        plain = "".join(" " if place in markers else letter for place, letter in enumerate(plain))
    try:
        tree = cast(Expression, parses_to_tree(plain))
    except UnexpectedInput as error:
        raise _syntax_problem(error, source, last) from None
    if plain != text:
        for piece in tree.iter_subtrees():
            piece.children = [_as_written(child, text) for child in piece.children]
            if piece.data == "interpolation":
                _mark_stripped(piece, markers)
    return tree


def _mark_stripped(piece: Expression, markers: frozenset[int]) -> None:
    """Add the strip markers of `${~ … ~}`, as python-hcl2 has them in directives."""
    if piece.meta.start_pos + 2 in markers:
        piece.children.insert(1, Token("STRIP_MARKER", "~"))
    if piece.meta.end_pos - 2 in markers:
        piece.children.insert(-1, Token("STRIP_MARKER", "~"))


def _plain_letter(match: re.Match[str]) -> str:
    return "_" if f"a{match[0]}".isidentifier() else match[0]


def _as_written(child: Any, text: str) -> Any:
    if isinstance(child, Token) and child.start_pos is not None:
        return child.update(value=text[child.start_pos : child.end_pos])
    return child


def _syntax_problem(error: UnexpectedInput, source: Source, last: int) -> Problem:
    text = source.text
    line, column = error.line, error.column
    if not 0 < line <= last:
        line, column = last, len(source.lines[last - 1]) + 1
    if opened := _find_open_quote(text, line):  # the parser reads up to the next quote, some lines below
        return problem("syntax", *_NOT_CLOSED, source.at(*opened))
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    if ended and (block := find_unclosed(source)):
        return block
    message, fix = _plainly(error, source)
    return problem("syntax", message, fix, source.at(line, max(1, column)))


_NOT_CLOSED = ("a text is not closed", 'End it with ", on the line on which it begins.')


def _find_open_quote(text: str, until: int) -> tuple[int, int] | None:
    """Return line and column of the first unclosed quote up to the line of an error; None: there is none."""
    marker = ""
    for number, line in enumerate(text.split("\n")[:until], 1):
        if marker:
            marker = "" if line.strip() == marker else marker
            continue
        if heredoc := re.search(r"<<-?(\w+)\s*$", line):
            marker = heredoc.group(1)
        code = re.match(r'(?:[^"#/\\]|\\.|"(?:[^"\\]|\\.)*"|/(?!/))*', line)
        if code and line.startswith('"', code.end()):
            return number, code.end() + 1
    return None


def _plainly(error: UnexpectedInput, source: Source) -> tuple[str, str]:
    """Return what is wrong and what to do, without the terms of the parser."""
    is_hidden = source.hidden is None  # a token may be a part of a secret
    if isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream
        found = "a character" if is_hidden or at is None else repr(source.text[at : at + 1])
        return f"{found} is not allowed here", "Remove it, or put text in quotes."
    expected = set(error.accepts or error.expected) if isinstance(error, UnexpectedToken) else set()
    if "STRING_CHARS" in expected:
        return _NOT_CLOSED
    token = str(error.token) if isinstance(error, UnexpectedToken) else ""
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    if token == "," and "RBRACE" in expected:
        return "',' follows an attribute", "Remove it: each attribute has a line of its own."
    shown = "something" if is_hidden else repr(_word(token))
    if token.strip() == ":" and "EQ" in expected:
        return "there is ':' in place of '='", "Write NAME = VALUE."
    found = "the file ends" if ended else f"{shown} comes" if token[:1].strip() else "the line ends"
    wanted = _expected_words(expected)
    return f"{found} where {wanted} should be", f"Write {wanted} here, or remove the excess."


def _word(token: str) -> str:
    """Return the beginning of the text that cannot be read: a word, or a sign."""
    match = re.match(r"[\w-]{1,40}|.", token)
    return match.group() if match else token


def _expected_words(expected: set[str]) -> str:
    if "FLOAT_LITERAL" in expected or "INT_LITERAL" in expected:
        return "a value"
    for names, words in (
        ({"RSQB"}, "',' or ']'"),
        ({"RPAR"}, "',' or ')'"),
        ({"EQ", "LBRACE"}, "'=' or '{'"),
        ({"LBRACE"}, "'{'"),
        ({"RBRACE"}, "'}'"),
        ({"STRIP_MARKER", "ENDIF"}, "if, else, endif, for or endfor"),
        ({"NAME"}, "a name"),
    ):
        if names <= expected:
            return words
    return "something else"


def _block(kind: str, labels: tuple[str, ...], body: Expression, location: Location, source: Source) -> Block:
    attributes: list[Attribute] = []
    blocks: list[Block] = []
    for position, piece in enumerate(parts(body)):
        here = place_of(piece, source, location)
        if position and not _begins_line(piece, source.text):
            raise problem(
                "syntax", "a line has two attributes or blocks", "Give each a line of its own.", here
            )
        if piece.data == "attribute":
            name, expression = _name(piece.children[0], here), cast(Expression, piece.children[-1])
            attributes.append(Attribute(name, expression, here, source))
        else:
            blocks.append(_inner_block(piece, here, source))
    return Block(kind, labels, tuple(attributes), tuple(blocks), location)


def _inner_block(piece: Expression, here: Location, source: Source) -> Block:
    head, *rest = [child for child in piece.children if isinstance(child, Tree)]
    named = [child for child in rest if child.data not in ("body", BLANK)]
    body = next(child for child in rest if child.data == "body")
    return _block(_name(head, here), tuple(_name(label, here) for label in named), body, here, source)


def _begins_line(piece: Expression, text: str) -> bool:
    start = piece.meta.start_pos
    before = text[text.rfind("\n", 0, start) + 1 : start].strip()
    return not before or before.endswith("*/")


def _name(tree: Any, here: Location) -> str:
    """Return an identifier, or a label in quotes."""
    if tree.data != "string":
        return str(tree.children[0])
    tokens = [part.children[0] for part in tree.children if isinstance(part, Tree)]
    if all(isinstance(token, Token) for token in tokens):
        try:
            return "".join(unquote(str(token)) for token in tokens)
        except ValueError as error:
            raise problem("text", str(error), ESCAPES, here) from None
    raise problem("label", "a name cannot be computed", "Write it as plain text.", here)
