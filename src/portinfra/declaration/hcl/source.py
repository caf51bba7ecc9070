"""The text of an HCL file: the places of its parts, and the lines that errors may show."""

import re
from collections.abc import Iterator

from attrs import field

from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.model.location import Location
from portinfra.value import frozen

DEEPEST = 60
"""The most open brackets at one place. Each needs up to 7 nested calls, of at most 1,000 in Python."""

MOST_BLANK_LINES = 1000
"""The most blank lines in a row: python-hcl2 reads a row in a heredoc once for each of its lines."""

_BLANK_LINES = re.compile(rf"\n(?:[ \t\r]*\n){{{MOST_BLANK_LINES}}}")
_CODE = re.compile(r'["{}\[\]()]|#|//|/\*|<<-?([^\W\d][\w.-]*)\r?\n')
_QUOTED = re.compile(r'"|\n|\\.|\$\$\{|%%\{|[$%]\{')
_OPENERS = {"}": "{", "]": "[", ")": "("}


@frozen
class Source:
    """A text with the name of its file. `first` is the line of the file at which the text begins."""

    file: str
    text: str = field(repr=False)
    first: int = 1
    column: int = 1
    """The column of the file at which the text begins."""
    hidden: frozenset[int] | None = None
    """The lines that errors do not show, as they may contain a secret; None: all lines."""
    lines: tuple[str, ...] = field(init=False, repr=False)

    @lines.default
    def _split(self) -> tuple[str, ...]:
        return tuple(self.text.split("\n"))

    def at(self, line: int, column: int = 0) -> Location:
        """Return the place of a line of the text, counted from 1."""
        shown = self.hidden is not None and line not in self.hidden and 0 < line <= len(self.lines)
        source = self.lines[line - 1] if shown else ""
        shift = self.column - 1 if line == 1 else 0
        return Location(self.file, line + self.first - 1, column and max(1, column + shift), source)


@frozen
class Bracket:
    """An opening bracket, with its position in the text."""

    sign: str
    position: int


def check_shape(source: Source) -> None:
    """Raise Problem if brackets are nested too deeply, or too many lines are blank.

    The parser and the evaluator are recursive for each bracket. This scan is not.
    """
    if blank := _BLANK_LINES.search(source.text):
        message = f"more than {MOST_BLANK_LINES} blank lines follow one another"
        raise problem("syntax", message, "Remove some.", _place(source, blank.start() + 1))
    depth = 0
    for sign, position in _brackets(source.text):
        depth += -1 if sign in _OPENERS else 1
        if depth > DEEPEST:
            message = f"more than {DEEPEST} brackets are open here"
            raise problem("nesting", message, "Put a part into a local of its own.", _place(source, position))


def strip_markers(text: str) -> frozenset[int]:
    """Return the positions of the `~` of `${~` and `~}`. In texts and comments, `~` is no marker."""
    found: set[int] = set()
    open_: list[Bracket] = []
    for sign, position in _brackets(text):
        if sign not in _OPENERS:
            open_.append(Bracket(text[position], position))
            if text.startswith("${~", position):
                found.add(position + 2)
        elif open_ and open_.pop().sign == "$" and text[position - 1] == "~":
            found.add(position - 1)
    return frozenset(found)


def find_unclosed(source: Source) -> Problem | None:
    """Return an error about a block or mapping that is not closed before the file ends; None: all are closed.

    Indentation shows which one it is: its `}` would have the indentation of the line that opens it.
    """
    open_: list[Bracket] = []
    for sign, position in _brackets(source.text):
        if sign not in _OPENERS:
            open_.append(Bracket(sign, position))
        elif open_:
            last = open_.pop()
            begins_line = not source.text[source.text.rfind("\n", 0, position) + 1 : position].strip()
            if begins_line and _indent(source, position) < _indent(source, last.position):
                return _not_closed(source, last)
    return _not_closed(source, open_[-1]) if open_ and open_[-1].sign == "{" else None


def _not_closed(source: Source, bracket: Bracket) -> Problem:
    place = _place(source, bracket.position)
    head = source.lines[place.line - source.first][: place.column - 1].strip()
    block = re.fullmatch(r'([^\W\d][\w-]*)((?: +"[^"$%]*")*)', head)
    what = f"the block {block.group()}" if block else "a mapping" if head.endswith(("=", ":")) else "a block"
    message = f"{what} opens here and is not closed before the file ends"
    return problem("syntax", message, "Close it with }.", place)


def _indent(source: Source, position: int) -> int:
    text = source.text
    start = text.rfind("\n", 0, position) + 1
    return len(text[start:position]) - len(text[start:position].lstrip(" \t"))


def _place(source: Source, position: int) -> Location:
    line = source.text.count("\n", 0, position) + 1
    return source.at(line, position - source.text.rfind("\n", 0, position))


def _brackets(text: str) -> Iterator[tuple[str, int]]:
    """Yield each bracket of the code with its position, without brackets in texts and comments."""
    quoted = [False]  # for each open bracket or quote: whether it is a quote
    position = 0
    while match := (_QUOTED if quoted[-1] else _CODE).search(text, position):
        sign, position = match.group(), match.end()
        if quoted[-1]:
            if sign in ("${", "%{"):
                quoted.append(False)
                yield "{", match.start()
            elif sign in ('"', "\n"):
                quoted.pop()
        elif sign == '"':
            quoted.append(True)
        elif sign in ("#", "//"):
            position = _after(text, "\n", position)
        elif sign == "/*":
            position = _after(text, "*/", position)
        elif sign.startswith("<<"):
            closing = re.compile(rf"^[ \t]*{re.escape(match.group(1))}[ \t]*\r?$", re.MULTILINE)
            end = closing.search(text, position)
            position = end.end() if end else len(text)
        else:
            if sign == "}" and len(quoted) > 1:
                quoted.pop()
            elif sign == "{":
                quoted.append(False)
            yield sign, match.start()


def _after(text: str, sign: str, position: int) -> int:
    end = text.find(sign, position)
    return len(text) if end < 0 else end + len(sign)
