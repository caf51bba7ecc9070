"""Heredocs and template files: text and expressions by turns. Of texts in quotes, python-hcl2 reads them."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import TypeAlias

from portinfra.declaration.hcl.problem import problem
from portinfra.declaration.hcl.source import Source
from portinfra.declaration.hcl.syntax import Expression
from portinfra.declaration.hcl.text import heredoc_body

Piece: TypeAlias = "str | Expression"

_SIGN = re.compile(r"\$\$\{|%%\{|\$\{|%\{")
_IN_CODE = re.compile(r'["{}]')
_IN_TEXT = re.compile(r'"|\\.|\$\$\{|%%\{|\$\{', re.DOTALL)


def pieces_of_heredoc(written: str, source: Source, line: int) -> Iterator[str | Source]:
    """The pieces of a heredoc that begins on a line of a file. Raises Problem.

    An expression is a source of its own, not yet parsed.
    """
    text, margin = heredoc_body(written)
    return pieces_of_template(Source(source.file, text, line + 1, margin + 1, margin))


def pieces_of_template(source: Source) -> Iterator[str | Source]:
    """The pieces of a template. Raises Problem."""
    text = source.text
    starts = [0, *accumulate(len(line) + 1 for line in source.lines)]
    start = position = 0
    while match := _SIGN.search(text, position):
        sign, position = match.group(), match.end()
        line = bisect_right(starts, match.start())
        column = match.start() - starts[line - 1] + 1
        if len(sign) == 3:
            yield text[start : match.start()]
            start = match.start() + 1
            continue
        if sign == "%{":
            fix = "Use a condition, ${a ? b : c}; write %%{ for the characters themselves."
            raise problem("unsupported", "%{…} is not read here", fix, source.at(line, column))
        end = _closing(text, position)
        if end is None:
            fix = "Close it with }, or write $${ for the characters."
            raise problem("syntax", "${ is not closed", fix, source.at(line, column))
        yield text[start : match.start()]
        place = source.at(line, column + 2)
        yield Source(source.file, text[position:end], place.line, place.column, source.indent)
        start = position = end + 1
    yield text[start:]


def _closing(text: str, position: int) -> int | None:
    """Where the brace is that ends the expression that begins at `position`."""
    quoted = [False]  # for each open brace and quote: whether it is a quote
    while match := (_IN_TEXT if quoted[-1] else _IN_CODE).search(text, position):
        sign, position = match.group(), match.end()
        if sign == "}" and len(quoted) == 1:
            return match.start()
        if sign == '"':
            quoted.pop() if quoted[-1] else quoted.append(True)
        elif sign == "}":
            quoted.pop()
        elif sign in ("{", "${"):
            quoted.append(False)
    return None
