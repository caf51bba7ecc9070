"""A diagram as a Mermaid flowchart, which wikis, code hosts and notebooks draw."""

from collections.abc import Iterator, Sequence

from portinfra.render.diagrams.labels import (
    arrows,
    cell_lines,
    outside_ids,
    outside_label,
    place,
    role_lines,
    title,
)
from portinfra.render.diagrams.palette import INK, PRIVATE, PUBLIC
from portinfra.render.diagrams.picture import Picture, Row
from portinfra.safe_text import visible

_ENTITIES = str.maketrans(
    {sign: f"#{ord(sign)};" for sign in '"#&<>`\\|{}[]()%;@*_~$'} | {"\n": " ", "\r": " "}
)
"""Mermaid's own escapes: the number of a character between # and a semicolon."""

ORANGE = f"fill:{PUBLIC.fill},stroke:{PUBLIC.line},color:{INK}"
BLUE = f"fill:{PRIVATE.fill},stroke:{PRIVATE.line},color:{INK}"


def mermaid(picture: Picture) -> str:
    """Return the region, its roles with a box for each zone, and an arrow for each pair with a flow.

    Flows are between roles, so each role is a box of its own and its zones are within it. A flow of many
    roles is a text in the role.
    """
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    # No keyword of Mermaid (`end`, `graph`) can be one of these ids, and each has plain letters only.
    outside = outside_ids(picture)
    ids = {row.role: f"role_{index}" for index, row in enumerate(picture.rows)} | outside
    yield "flowchart TB"
    yield f"  accTitle: {_escape(title(picture))}"
    for peer, peer_id in outside.items():
        yield f'  {peer_id}(["{_escape(outside_label(peer))}"]):::public'
    yield f'  subgraph region["{_broken([title(picture), place(picture)])}"]'
    for row in picture.rows:
        yield from _row(row, ids[row.role], picture)
    yield "  end"
    for arrow in arrows(picture):
        yield f'  {ids[arrow.source]} -->|"{_escape(arrow.ports)}"| {ids[arrow.target]}'
    yield f"  classDef public {ORANGE}"
    yield f"  classDef private {BLUE}"


def _row(row: Row, role_id: str, picture: Picture) -> Iterator[str]:
    look = "public" if row.public else "private"
    yield f'    subgraph {role_id}["{_broken(role_lines(row, picture))}"]'
    for ordinal, (zone, cell) in enumerate(zip(picture.zones, row.cells, strict=True)):
        yield f'      {role_id}_zone_{ordinal}["{_broken(cell_lines(zone, cell))}"]:::{look}'
    yield "    end"


def _broken(lines: Sequence[str]) -> str:
    return "<br/>".join(map(_escape, lines))


def _escape(words: str) -> str:
    return visible(words.replace("\n", " ")).translate(_ENTITIES)
