"""What is printed: results on standard output, everything else on standard error.

All text passes `visible` here: whatever a cloud or a hook has written, a terminal obeys none of it.
"""

import io
import json
import re
import sys
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from portinfra.safe_text import CODES, visible

WIDE = 10_000
"""The width of what is no terminal: a file or a pipe gets whole lines."""

_LINES = "\n\t"


def out() -> Console:
    """Standard output."""
    return _console(sys.stdout)


def err() -> Console:
    """Standard error."""
    return _console(sys.stderr)


class _Terminal(Console):
    """A console that shows text as it is meant to be read, and puts no line end into it: commands can be
    copied. Tables wrap within their columns.
    """

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
    """Print `rest` beside `first`, its further lines below its first one. No word and no command between
    backticks is broken.
    """
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
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def ask(question: str) -> str:
    """The answer to a question that is put on standard error; empty at the end of input."""
    sys.stderr.write(f"{visible(question)} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


class _Rows(Table):
    """A table whose rows end with their last word where they go into a file or a pipe."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*(visible(cell) if isinstance(cell, str) else cell for cell in cells), **options)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What rich asks of it."""
        drawn = super().__rich_console__(console, options)
        if console.is_terminal:
            yield from drawn
            return
        text = "".join(part.text for part in drawn if isinstance(part, Segment))
        yield Segment("\n".join(line.rstrip() for line in text.split("\n")))


def table(*headings: str) -> Table:
    """An empty table without lines; a column is never cut, it wraps."""
    made = _Rows(box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def write_json(document: Any) -> None:
    """A JSON document as the whole of standard output."""
    write(json.dumps(document, indent=2, ensure_ascii=False))


def write(text: str) -> None:
    """Text as the whole of standard output. In JSON, the codes of `visible` stand for the same characters."""
    sys.stdout.write(visible(text if text.endswith("\n") else text + "\n", _LINES))


def write_hcl(text: str) -> None:
    """Write HCL as the whole of standard output: in UTF-8 whatever the locale, as HCL has no other encoding
    (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md).
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors=CODES)
    write(text)
