"""The list of flows below the map, with their reasons."""

from collections.abc import Sequence

from portinfra.render.diagrams.elements import element, group, text
from portinfra.render.diagrams.labels import peers
from portinfra.render.diagrams.layout import LINE, MARGIN, Box, fitting, list_columns, text_width
from portinfra.render.diagrams.palette import INK, LINKS, MUTED, TIER
from portinfra.render.diagrams.picture import Link

SIZE = 12.0
HEADINGS = ("", "from", "to", "ports", "why")


def flow_list(links: Sequence[Link], box: Box, roles: Sequence[str]) -> str:
    """Return a table of the flows: number, from, to, ports, why.

    A text that does not fit ends in `…`; its title has the whole.
    """
    table = [_fields(link, roles) for link in links]
    across = list_columns(box.width)
    down = -(-len(links) // across)
    width = (box.width - (across - 1) * MARGIN) / across
    columns = _columns(table, width)
    parts = [text(box.x, box.y + 16, "Allowed flows", size=16, weight="bold")]
    for x in (box.x + i * (width + MARGIN) for i in range(min(across, len(links)))):
        parts += [
            text(x + start, box.y + 42, heading, size=SIZE, weight="bold", fill=MUTED)
            for heading, (start, _) in zip(HEADINGS, columns, strict=True)
        ]
    for index, (link, fields) in enumerate(zip(links, table, strict=True)):
        x = box.x + index // down * (width + MARGIN)
        y = box.y + 64 + index % down * LINE
        cells = [
            text(x + start, y, fitting(field, room - 8, SIZE), size=SIZE, fill=INK if i else LINKS[link.kind])
            for i, (field, (start, room)) in enumerate(zip(fields, columns, strict=True))
        ]
        if index % down % 2 == 0:
            stripe = element("rect", x=x - 4, y=y - 14, width=width + 8, height=LINE, fill=TIER)
            cells.insert(0, stripe)
        parts.append(group(*cells, title=" | ".join(fields)))
    return group(*parts, title="Allowed flows")


def _fields(link: Link, roles: Sequence[str]) -> tuple[str, ...]:
    named = peers(link.sources, roles), peers(link.targets, roles)
    return (str(link.number), *named, ", ".join(link.ports), link.why)


def _columns(table: Sequence[tuple[str, ...]], width: float) -> list[tuple[float, float]]:
    """Return start and width of each column: as wide as its longest field, and at most its share."""
    columns = [(0.0, 34.0)]
    for column, share in ((1, 0.28), (2, 0.28), (3, 0.16), (4, 1.0)):
        start = sum(columns[-1])
        longest = max(text_width(fields[column], SIZE) for fields in table) + 20
        columns.append((start, min(max(longest, 80.0), share * width, width - start)))
    return columns
