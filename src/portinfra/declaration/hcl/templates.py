"""The pieces of a template, before evaluation: texts, `${…}` and the directives `%{…}`.

As in HCL, each line of literal text in a heredoc or file is a piece, and a strip marker `~` trims one piece.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TypeAlias, cast

from portinfra.declaration.hcl.bounds import MOST_MARKS, SMALLER
from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.source import Source
from portinfra.declaration.hcl.syntax import parse_expression
from portinfra.declaration.hcl.text import ESCAPES, heredoc_body, unquote
from portinfra.declaration.hcl.tree import Expression, is_token, parts
from portinfra.format import suggestion
from portinfra.model.location import Location
from portinfra.value import frozen

STRIP = "STRIP_MARKER"
WORDS = ("if", "else", "endif", "for", "endfor")


@frozen
class Mark:
    """`${…}`, or a directive `%{…}`."""

    word: str
    """One of WORDS; empty for `${…}`."""
    place: Location
    expression: Expression | None = None
    names: tuple[str, ...] = ()
    """The names of a `for`: of the value, or of the key and the value."""
    trims_before: bool = False
    trims_after: bool = False


Piece: TypeAlias = "str | Mark"

_SIGN = re.compile(r"\$\$\{|%%\{|\$\{|%\{")
_IN_CODE = re.compile(r'["{}]')
_IN_TEXT = re.compile(r'"|\\.|\$\$\{|%%\{|[$%]\{', re.DOTALL)
_WORD = re.compile(r"\s*([^\W\d][\w-]*)?\s*")
_NAME = r"[^\W\d][\w-]*"
_NAMES = re.compile(rf"({_NAME})\s*(?:,\s*({_NAME})\s*)?\bin\b\s*")


def pieces_of_heredoc(written: str, source: Source, line: int) -> list[Piece]:
    """Return the pieces of a heredoc that begins at a line of a file. Raises Problem."""
    text, is_indented = heredoc_body(written)
    pieces = trim(_scan(Source(source.file, text, line + 1)))
    return _without_indentation(pieces) if is_indented else pieces


def pieces_of_template(source: Source) -> list[Piece]:
    """Return the pieces of a template that is a whole file. Raises Problem."""
    return trim(_scan(source))


def pieces_of_quoted(tree: Expression, place: Callable[[Expression], Location]) -> list[Piece]:
    """Return the pieces of a text in quotes, which python-hcl2 has parsed. Raises Problem."""
    pieces: list[Piece] = []
    for part in parts(tree):
        inner = part.children[0]
        if not is_token(inner):
            pieces.append(_parse_mark(inner, place(inner)))
            continue
        try:
            pieces.append(unquote(str(inner)))
        except ValueError as error:
            raise problem("text", str(error), ESCAPES, place(tree)) from None
    return trim(pieces)


def trim(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces without the white space that strip markers remove."""
    made = list(pieces)
    for number, piece in enumerate(made):
        before = made[number - 1] if number else None
        if isinstance(piece, str) and isinstance(before, Mark) and before.trims_after:
            made[number] = piece.lstrip()
        elif isinstance(piece, Mark) and piece.trims_before and isinstance(before, str):
            made[number - 1] = before.rstrip()
    return made


def _parse_mark(tree: Expression, place: Location) -> Mark:
    """Return the mark of a tree of python-hcl2: its sign, `~`, word, names, expression, `~`, `}`."""
    signs = [child.type if is_token(child) else "" for child in tree.children]
    word = next((str(child) for child in tree.children if is_token(child) and child in WORDS), "")
    inner = parts(tree)
    names = tuple(str(name.children[0]) for name in inner[:-1])
    expression = inner[-1] if inner else None
    return Mark(word, place, expression, names, signs[1] == STRIP, signs[-2] == STRIP)


def _scan(source: Source) -> list[Piece]:
    """Return the pieces of a text, before strip markers and indentation are removed."""
    text = source.text
    starts = [0, *accumulate(len(line) + 1 for line in source.lines)]

    def at(position: int) -> Location:
        line = bisect_right(starts, position)
        return source.at(line, position - starts[line - 1] + 1)

    def pieces() -> Iterator[Piece]:
        start = position = marks = 0
        while match := _SIGN.search(text, position):
            sign, position = match.group(), match.end()
            if len(sign) == 3:
                yield from _lines(text[start : match.start()])
                start = match.start() + 1
                continue
            end = _closing(text, position)
            marks += 1
            if marks > MOST_MARKS:
                message = f"the template has more than {MOST_MARKS:,} values and directives"
                raise problem("too-large", message, SMALLER, at(match.start()))
            if end is None:
                fix = f"Close it with }}, or write {sign[0]}{sign} for the characters."
                raise problem("syntax", f"{sign} is not closed", fix, at(match.start()))
            yield from _lines(text[start : match.start()])
            yield _mark(sign, _Inside(source.file, text, position, end, at))
            start = position = end + 1
        yield from _lines(text[start:])

    return list(pieces())


def _lines(text: str) -> Iterator[str]:
    *whole, last = text.split("\n")
    yield from (f"{line}\n" for line in whole)
    if last:
        yield last


@frozen
class _Inside:
    """The text between the braces of a mark, with its position."""

    file: str
    text: str
    start: int
    end: int
    at: Callable[[int], Location]

    def from_position(self, position: int) -> Source:
        """Return the text from a position to the end of the mark, as a source of its own."""
        place = self.at(position)
        return Source(self.file, self.text[position : self.end], place.line, place.column)


def _mark(sign: str, inside: _Inside) -> Mark:
    text, start, end = inside.text, inside.start, inside.end
    place = inside.at(start - len(sign))
    trims_before = text.startswith("~", start, end)
    start += trims_before
    trims_after = text.endswith("~", start, end)
    end -= trims_after
    inside = _Inside(inside.file, text, start, end, inside.at)
    if sign == "${":
        return Mark("", place, parse_expression(inside.from_position(start)), (), trims_before, trims_after)
    match = cast("re.Match[str]", _WORD.match(text, start, end))
    word, start = match.group(1) or "", match.end()
    if word not in WORDS:
        raise _unknown_word(word, place)
    names: tuple[str, ...] = ()
    if word == "for":
        bound = _NAMES.match(text, start, end)
        if not bound:
            raise problem("syntax", "%{for …} names no values", "Write %{ for x in list }.", place)
        names, start = tuple(name for name in bound.groups() if name), bound.end()
    expression = None
    if word in ("if", "for"):
        expression = parse_expression(inside.from_position(start))
    elif text[start:end].strip():
        raise problem("syntax", f"%{{{word}}} takes nothing", f"Write %{{ {word} }}.", place)
    return Mark(word, place, expression, names, trims_before, trims_after)


def _unknown_word(word: str, place: Location) -> Problem:
    what = f"there is no directive {word!r}" if word else "%{…} has no directive"
    fix = suggestion(word, WORDS, f"Directives are {', '.join(WORDS)}; write %%{{ for the characters.")
    return problem("syntax", what, fix, place)


def _without_indentation(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces of a `<<-` heredoc, less the smallest indentation of its lines.

    Strip markers apply first. As in HCL, a line keeps its indentation if the line end before it was trimmed.
    """
    begins = [number for number in range(len(pieces)) if not number or str(pieces[number - 1]).endswith("\n")]
    texts = {number: piece for number in begins if isinstance(piece := pieces[number], str)}
    blank = {number for number, text in texts.items() if not text.strip() and text.endswith("\n")}
    margins = [_margin(texts[number]) if number in texts else 0 for number in begins if number not in blank]
    margin = min(margins, default=0)
    made = list(pieces)
    for number, text in texts.items():
        made[number] = text.lstrip(" \t") if number in blank else text[margin:]
    return made


def _margin(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))


def _closing(text: str, position: int) -> int | None:
    """Return the position of the brace that ends a mark, whose text begins at `position`; None: none does."""
    quoted = [False]  # for each open brace and quote: whether it is a quote
    while match := (_IN_TEXT if quoted[-1] else _IN_CODE).search(text, position):
        sign, position = match.group(), match.end()
        if sign == "}" and len(quoted) == 1:
            return match.start()
        if sign == '"':
            quoted.pop() if quoted[-1] else quoted.append(True)
        elif sign == "}":
            quoted.pop()
        elif sign in ("{", "${", "%{"):
            quoted.append(False)
    return None
