"""The reader of all HCL, and its errors of syntax. Only it imports python-hcl2, which owns the grammar."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

from hcl2 import parser as hcl2_parser
from hcl2.api import parses_to_tree
from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.source import Source, find_unclosed, strip_markers
from portinfra.declaration.hcl.tree import Tree

_LETTER = re.compile(r"[^\x00-\x7f]")


def read_all(source: Source, last: int) -> Tree:
    """Return the tree of a text of any form. Errors have lines up to `last`. Raises Problem."""
    text = source.text
    # python-hcl2 knows only ASCII letters. It gets `_` in place of each other one, and names are read from
    # the text itself, by their positions. It knows `~` in directives only, so `${~ … ~}` gets spaces.
    markers = strip_markers(text) if "~" in text else frozenset()
    plain = _LETTER.sub(_plain_letter, text)
    if markers:
        plain = "".join(" " if place in markers else letter for place, letter in enumerate(plain))
    _choose_grammar_cache()
    try:
        tree: Any = parses_to_tree(plain)
    except UnexpectedInput as error:
        raise _syntax_problem(error, source, last) from None
    if plain != text:
        for piece in tree.iter_subtrees():
            piece.children = [_as_written(child, text) for child in piece.children]
            if piece.data == "interpolation":
                _mark_stripped(piece, markers)
    return cast(Tree, tree)


@cache
def _choose_grammar_cache() -> None:
    """Let python-hcl2 keep its compiled grammar in the user's cache if its own folder cannot be written.

    To compile the grammar takes longer than any plan. Without a home, each process compiles it again.
    """
    if os.access(hcl2_parser.PARSER_FILE.parent, os.W_OK):
        return
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "portinfra"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return
    hcl2_parser.PARSER_FILE = folder / "hcl-grammar.bin"


def _mark_stripped(piece: Any, markers: frozenset[int]) -> None:
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
