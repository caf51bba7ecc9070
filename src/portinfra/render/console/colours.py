"""The values of rich for styled texts and tables. On a terminal, the columns of tables wrap."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table as RichTable
from rich.text import Text


def to_rich_text(parts: Iterable[tuple[str, str]]) -> Text:
    """Return a text for rich."""
    return Text.assemble(*parts)


def to_rich_padding(what: Any, indent: int) -> Padding:
    """Return an indented text or table for rich."""
    return Padding(what, (0, 0, 0, indent), expand=False)


class _Rows(RichTable):
    """A table without spaces at the end of its lines where the console is no terminal."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments that rich prints."""
        drawn = super().__rich_console__(console, options)
        if console.is_terminal:
            yield from drawn
            return
        text = "".join(part.text for part in drawn if isinstance(part, Segment))
        yield Segment("\n".join(line.rstrip() for line in text.split("\n")))


def to_rich_table(headings: Iterable[str], rows: Iterable[Sequence[Any]], gap: int) -> RichTable:
    """Return a table for rich. Its columns wrap, and are never cut."""
    made = _Rows(box=None, header_style="bold", pad_edge=False, padding=(0, gap, 0, 0))
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made
