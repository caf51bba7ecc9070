"""The console: results go to standard output, everything else to standard error.

All text passes `visible` here, so no text of a cloud or a hook can send control codes to a terminal.
"""

import io
import json
import re
import sys
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from portinfra.safe_text import CODES, visible

WIDE = 10_000
"""The width of a file or a pipe, in characters: it gets whole lines."""

_LINES = "\n\t"


def out() -> Console:
    """Return a console on standard output."""
    return _console(sys.stdout)


def err() -> Console:
    """Return a console on standard error."""
    return _console(sys.stderr)


class _Terminal(Console):
    """A console that breaks no line of text, so that commands can be copied. Tables wrap in their columns."""

    def print(self, *objects: Any, **options: Any) -> None:
        shown = [visible(each, _LINES) if isinstance(each, str) else each for each in objects]
        if all(isinstance(each, str | Text) for each in shown):
            options.setdefault("soft_wrap", True)
        super().print(*shown, **options)


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() else WIDE
    return _Terminal(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def styled_text(*parts: str | Text | tuple[str, str]) -> Text:
    """Return text of several parts, each with its style or none. No other function makes text with styles."""
    return Text.assemble(
        *(
            (visible(part[0], _LINES), part[1])
            if isinstance(part, tuple)
            else visible(part, _LINES)
            if isinstance(part, str)
            else part
            for part in parts
        )
    )


def print_hanging(console: Console, first: Text, rest: str, *, style: str = "") -> None:
    """Print `rest` beside `first`, with its further lines indented. No word or command is broken."""
    room = max(console.width - first.cell_len, 1)
    lines = [""]
    for word in re.findall(r" *(?:`[^`]+`|[^ ])+", visible(rest)):
        if lines[-1] and len(lines[-1]) + len(word) > room:
            lines.append(word.strip())
        else:
            lines[-1] += word
    blank = " " * first.cell_len
    console.print(Text.assemble(first, (f"\n{blank}".join(lines), style)))


def interactive() -> bool:
    """Return whether standard input is a terminal."""
    return sys.stdin.isatty()


def ask(question: str) -> str:
    """Print a question on standard error, and return the answer; empty at the end of input."""
    sys.stderr.write(f"{visible(question)} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


class _Rows(Table):
    """A table without spaces at the end of its lines in a file or a pipe."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*(visible(cell) if isinstance(cell, str) else cell for cell in cells), **options)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments that rich prints."""
        yield from _trim(super().__rich_console__(console, options), console)


class Indented:
    """Something with each line indented, without spaces at the end of its lines in a file or a pipe."""

    def __init__(self, what: RenderableType, indent: int) -> None:
        self._padded = Padding(what, (0, 0, 0, indent), expand=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments that rich prints."""
        yield from _trim(console.render(self._padded, options), console)


def _trim(drawn: RenderResult, console: Console) -> RenderResult:
    if console.is_terminal:
        yield from drawn
        return
    text = "".join(part.text for part in drawn if isinstance(part, Segment))
    yield Segment("\n".join(line.rstrip(" ") for line in text.split("\n")))


def table(*headings: str) -> Table:
    """Return an empty table without borders. Its columns wrap, and are never cut."""
    made = _Rows(box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def write_json(document: Any) -> None:
    """Print a JSON document as the whole of standard output."""
    write(json.dumps(document, indent=2, ensure_ascii=False))


def write(text: str) -> None:
    """Print a text as the whole of standard output. In JSON, codes of `visible` mean the characters."""
    sys.stdout.write(visible(text if text.endswith("\n") else text + "\n", _LINES))


def write_hcl(text: str) -> None:
    """Print HCL as the whole of standard output, in UTF-8 for every locale.

    HCL has no other encoding (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md).
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors=CODES)
    write(text)
