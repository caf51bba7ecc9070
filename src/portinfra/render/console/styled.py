"""Styled texts and tables as values. A file or a pipe gets their text; on a terminal, rich prints them.

`__rich__` is rich's own protocol. It alone imports rich, whose import takes a tenth of a small plan.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from attrs import field

from portinfra.safe_text import visible
from portinfra.value import define, frozen

LINES = "\n\t"
"""The control characters that a text may contain."""

GAP = 3
"""The spaces between two columns of a table."""


@frozen
class StyledText:
    """Text of several parts, each with its style; an empty style means none."""

    parts: tuple[tuple[str, str], ...]

    @property
    def plain(self) -> str:
        """The text without styles."""
        return "".join(text for text, _ in self.parts)

    def __rich__(self) -> Any:
        """Return the text for rich."""
        from portinfra.render.console.colours import to_rich_text

        return to_rich_text(self.parts)


Cell: TypeAlias = str | StyledText


def styled_text(*parts: str | StyledText | tuple[str, str]) -> StyledText:
    """Return text of several parts, each with its style or none. No other function makes text with styles."""
    made: list[tuple[str, str]] = []
    for part in parts:
        if isinstance(part, StyledText):
            made += part.parts
        else:
            text, style = part if isinstance(part, tuple) else (part, "")
            made.append((visible(text, LINES), style))
    return StyledText(tuple(made))


@define
class Table:
    """A table without borders. On a terminal its columns wrap; they are never cut."""

    headings: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(factory=list)

    def add_row(self, *cells: Cell) -> None:
        """Add a row with one cell for each column."""
        self.rows.append(tuple(visible(cell) if isinstance(cell, str) else cell for cell in cells))

    def lines(self) -> Iterator[str]:
        """Yield the lines of the table, without spaces at their ends."""
        rows = [[plain_text(cell).split("\n") for cell in row] for row in (self.headings, *self.rows)]
        columns = range(max(map(len, rows)))
        widths = [max(cell_width(line) for row in rows for line in (row[n] if n < len(row) else [""]))
                  for n in columns]  # fmt: skip
        for row in rows:
            for at in range(max(map(len, row))):
                cells = [cell[at] if at < len(cell) else "" for cell in row]
                padded = (
                    cell + " " * (width - cell_width(cell) + GAP)
                    for cell, width in zip(cells, widths, strict=False)
                )
                yield "".join(padded).rstrip(" ")

    def __rich__(self) -> Any:
        """Return the table for rich."""
        from portinfra.render.console.colours import to_rich_table

        return to_rich_table(self.headings, self.rows, GAP)


def table(*headings: str) -> Table:
    """Return an empty table."""
    return Table(headings)


@frozen
class Indented:
    """A text or a table with each line indented."""

    what: Cell | Table
    indent: int

    def lines(self) -> Iterator[str]:
        """Yield the lines with their indentation."""
        below = self.what.lines() if isinstance(self.what, Table) else plain_text(self.what).split("\n")
        yield from ((" " * self.indent + line).rstrip(" ") for line in below)

    def __rich__(self) -> Any:
        """Return it for rich."""
        from portinfra.render.console.colours import to_rich_padding

        return to_rich_padding(self.what, self.indent)


def plain_text(shown: Cell) -> str:
    """Return a text without styles, with spaces for its tabs."""
    text = shown.plain if isinstance(shown, StyledText) else visible(shown, LINES)
    return text.expandtabs(8)


def cell_width(text: str) -> int:
    """Return the columns that a line takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # a small part of rich: wide and combining characters

    return cell_len(text)
