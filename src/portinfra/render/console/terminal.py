"""The two streams: results on standard output, everything else on standard error."""

import json
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table

WIDE = 10_000
"""The width of what is no terminal: a file or a pipe gets whole lines."""


def out() -> Console:
    """Standard output."""
    return _console(sys.stdout)


def err() -> Console:
    """Standard error. Where its terminal or reader has gone away, nobody is told any more, and what is under
    way goes on to its end: a drill is torn down.
    """
    return _console(cast(TextIO, _Enduring(sys.stderr)))


class _Enduring:
    """A stream that loses what it cannot write."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() else WIDE
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def interactive() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def ask(question: str) -> str:
    """The answer to a question that is put on standard error; empty at the end of input."""
    sys.stderr.write(f"{question} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


class _Rows(Table):
    """A table whose rows end with their last word where they go into a file or a pipe."""

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
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write(text: str) -> None:
    """Text as the whole of standard output."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
