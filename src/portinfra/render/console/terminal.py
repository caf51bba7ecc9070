"""The console: results go to standard output, everything else to standard error.

All text passes `visible` here, so no text of a cloud or a hook can send control codes to a terminal.
"""

import io
import json
import re
import sys
from typing import Any, Protocol, TextIO

from portinfra.render.console.styled import (
    LINES,
    Indented,
    StyledText,
    Table,
    cell_width,
    plain_text,
    styled_text,
)
from portinfra.safe_text import CODES, visible
from portinfra.value import frozen

WIDE = 10_000
"""The width of a file or a pipe, in characters: it gets whole lines."""


class Console(Protocol):
    """The part of a console of rich that portinfra uses."""

    @property
    def width(self) -> int:
        """The columns of a line."""

    @property
    def is_terminal(self) -> bool:
        """Whether it has colours, and a line may be printed again."""

    def print(self, *objects: Any) -> None:
        """Print texts on one line, or a table."""


@frozen
class _Stream:
    """A console on a file or a pipe: whole lines, without colours."""

    stream: TextIO
    width: int = WIDE
    is_terminal: bool = False

    def print(self, *objects: str | StyledText | Table | Indented) -> None:
        """Print texts on one line, or a table."""
        for each in objects:
            if isinstance(each, Table | Indented):
                self.stream.write("".join(f"{line}\n" for line in each.lines()))
        texts = [each for each in objects if not isinstance(each, Table | Indented)]
        if texts or not objects:
            self.stream.write(" ".join(map(plain_text, texts)) + "\n")
        self.stream.flush()  # a file may be both standard output and standard error


def out() -> Console:
    """Return a console on standard output."""
    return _console(sys.stdout)


def err() -> Console:
    """Return a console on standard error."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    if not stream.isatty():
        return _Stream(stream)
    from portinfra.render.console.rich_console import terminal  # rich is slow to import

    return terminal(stream)


def print_hanging(console: Console, first: StyledText, rest: str, *, style: str = "") -> None:
    """Print `rest` beside `first`, with its further lines indented. No word or command is broken."""
    indent = cell_width(first.plain)
    room = max(console.width - indent, 1)
    lines = [""]
    for word in re.findall(r" *(?:`[^`]+`|[^ ])+", visible(rest)):
        if lines[-1] and len(lines[-1]) + len(word) > room:
            lines.append(word.strip())
        else:
            lines[-1] += word
    blank = " " * indent
    console.print(styled_text(first, (f"\n{blank}".join(lines), style)))


def interactive() -> bool:
    """Return whether standard input is a terminal."""
    return sys.stdin.isatty()


def ask(question: str) -> str:
    """Print a question on standard error, and return the answer; empty at the end of input."""
    sys.stderr.write(f"{visible(question)} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def write_json(document: Any) -> None:
    """Print a JSON document as the whole of standard output."""
    write(json.dumps(document, indent=2, ensure_ascii=False))


def write(text: str) -> None:
    """Print a text as the whole of standard output. In JSON, codes of `visible` mean the characters."""
    sys.stdout.write(visible(text if text.endswith("\n") else text + "\n", LINES))


def write_hcl(text: str) -> None:
    """Print HCL as the whole of standard output, in UTF-8 for every locale.

    HCL has no other encoding (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md).
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors=CODES)
    write(text)
