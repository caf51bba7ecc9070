"""The geometry of a diagram, in pixels from the top left corner.

The map is on the left: a row for each role, a column for each zone. On the right, each flow has a lane of its
own, as wide as its number. It crosses the rows of the map, with a dot at each start and an arrowhead at each
end. Lanes never cross, so forty flows are as easy to read as four. The list below gives the reasons.
"""

from collections.abc import Sequence

from portinfra.render.diagrams.picture import Cell, Host, Link, Picture, Row
from portinfra.value import frozen

MARGIN = 24.0
GAP = 14.0
LINE = 20.0
"""The height of a line of text."""
LANE = 26.0
TIER_TITLE = 30.0
PAD = 8.0
HOSTS_SHOWN = 4
"""The most hosts of a subnet that are drawn. Of more, the first two and the last are drawn."""

LABEL_SIZE = 12.0
LABEL_MAX = 280.0
PORTS_MAX = 170.0
"""The most width of the ports above a lane; the list has the rest. `LABEL_MAX` limits a role's label."""
ICON = 18.0
CYLINDER = 16.0


@frozen
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x coordinate of the right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y coordinate of the lower side."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The y coordinate of the middle."""
        return self.y + self.height / 2


@frozen
class Line:
    """A line in a subnet: a host, or a text about hosts that are left out."""

    y: float
    """The middle of the line."""
    host: Host | None
    words: str = ""


@frozen
class CellPlace:
    """The box of a subnet, and its lines."""

    box: Box
    cell: Cell
    lines: tuple[Line, ...]


@frozen
class RowPlace:
    """The band of a role over the whole width, with its label and its subnets."""

    band: Box
    row: Row
    cells: tuple[CellPlace, ...]


@frozen
class LanePlace:
    """The lane of a flow, with the y coordinates of its starts and ends."""

    link: Link
    x: float
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    loops: tuple[float, ...]
    """The rows in which it starts and ends."""


@frozen
class Layout:
    """The places of all parts of a diagram."""

    picture: Picture
    width: float
    height: float
    header: Box
    outside: tuple[tuple[str, Box], ...]
    region: Box
    columns: tuple[tuple[str, Box], ...]
    titles: tuple[tuple[str, Box], ...]
    rows: tuple[RowPlace, ...]
    lanes: tuple[LanePlace, ...]
    names_x: float
    """The x coordinate of the second names of roles, to the right of the lanes."""
    columns_x: tuple[float, float, float]
    """The offsets of name, address and first volume from the left side of a cell."""
    legend: Box
    list: Box
    """The list of flows."""


def text_width(text: str, size: float = LABEL_SIZE, mono: bool = False) -> float:
    """Return the width of a text. Fonts differ, so this is an upper estimate."""
    return len(text) * size * (0.605 if mono else 0.56)


def fitting(words: str, width: float, size: float = LABEL_SIZE) -> str:
    """Return a text of at most that width; a text that is cut ends in `…`."""
    room = int(width / text_width("x", size))
    return words if len(words) <= room else words[: max(room - 1, 1)].rstrip(" ,") + "…"


def layout(picture: Picture) -> Layout:
    """Return the places of all parts of a diagram."""
    columns_x, cell_width = _cell_columns(picture.rows)
    label_width = min(max([150.0, *(_label_width(row) for row in picture.rows)]), LABEL_MAX)
    zones = len(picture.zones)
    map_width = PAD + label_width + zones * (cell_width + GAP) + PAD
    names_x = MARGIN + map_width + 14 + len(picture.links) * LANE + 8
    names_width = max([60.0, *(1.1 * text_width(row.role) for row in picture.rows)])
    width = max(names_x + names_width + MARGIN, 900.0)
    header = Box(MARGIN, MARGIN, width - 2 * MARGIN, _header_height(picture.links))

    y = header.bottom + GAP
    outside: list[tuple[str, Box]] = []
    for peer in picture.outside:
        outside.append((peer, Box(MARGIN, y, width - 2 * MARGIN, 34)))
        y += 40
    top = y + 4
    y = top + 66
    first_cell = MARGIN + PAD + label_width
    columns = tuple(
        (zone, Box(first_cell + i * (cell_width + GAP), top + 36, cell_width, 0))
        for i, zone in enumerate(picture.zones)
    )
    titles: list[tuple[str, Box]] = []
    rows: list[RowPlace] = []
    for tier in picture.tiers:
        titles.append((tier.title, Box(MARGIN + PAD, y, map_width - 2 * PAD, TIER_TITLE)))
        y += TIER_TITLE
        for row in tier.rows:
            band = Box(MARGIN + PAD, y, width - 2 * MARGIN - 2 * PAD, _row_height(row))
            boxes = [Box(column.x, y + 4, cell_width, band.height - 8) for _, column in columns]
            rows.append(RowPlace(band, row, tuple(map(_cell_place, boxes, row.cells))))
            y = band.bottom + 4
        y += 4
    region = Box(MARGIN, top, map_width, y + 4 - top)
    middles = {peer: box.middle for peer, box in outside} | {p.row.role: p.band.middle for p in rows}
    lanes = tuple(
        _lane(link, region.right + 14 + (i + 0.5) * LANE, middles) for i, link in enumerate(picture.links)
    )
    legend = Box(MARGIN, region.bottom + 16, width - 2 * MARGIN, LINE * len(legend_lines(width)))
    down = -(-len(picture.links) // list_columns(width - 2 * MARGIN))
    flows = Box(MARGIN, legend.bottom + 16, width - 2 * MARGIN, 60 + LINE * down)
    return Layout(
        picture=picture,
        width=width,
        height=flows.bottom + MARGIN if picture.links else legend.bottom + MARGIN,
        header=header,
        outside=tuple(outside),
        region=region,
        columns=columns,
        titles=tuple(titles),
        rows=tuple(rows),
        lanes=lanes,
        names_x=names_x,
        columns_x=columns_x,
        legend=legend,
        list=flows,
    )


LEGEND = (
    ("caller", "may call"),
    ("called", "may be called"),
    ("loop", "among its own hosts"),
    ("border", "across the border"),
    ("service", "within the service"),
    ("operations", "operations"),
    ("public", "public address"),
    ("private", "private only, no way out"),
    ("", "Traffic that no flow allows is dropped at both ends."),
)
"""Each mark of the legend with its text."""


def legend_lines(width: float) -> list[list[tuple[float, str, str]]]:
    """Return the entries of the legend by line, each with its x offset. A line has as many as fit."""
    lines: list[list[tuple[float, str, str]]] = [[]]
    x = 0.0
    for mark, words in LEGEND:
        wide = 20 + 1.1 * text_width(words) + 12
        if lines[-1] and x + wide > width - 2 * MARGIN:
            lines.append([])
            x = 0.0
        lines[-1].append((x, mark, words))
        x += wide
    return lines


def list_columns(width: float) -> int:
    """Return the number of columns of the list of flows."""
    return 2 if width >= 1500 else 1


def _label_width(row: Row) -> float:
    return 24 + max(text_width(row.role, 14), text_width(row.detail, 11.5), text_width(row.public, 11.5) + 16)


def _header_height(links: Sequence[Link]) -> float:
    """Return the height of the header: the ports are vertical above the lanes."""
    return max([64.0, *(min(text_width("  ".join(link.ports)), PORTS_MAX) + 34 for link in links)])


def _cell_columns(rows: Sequence[Row]) -> tuple[tuple[float, float, float], float]:
    """Return the offsets of names, addresses and volumes in a cell, and its width."""
    hosts = [host for row in rows for cell in row.cells for host in cell.hosts]
    name = PAD + ICON + 4
    address = name + max([0.0, *(text_width(host.name) for host in hosts)]) + 10
    volume = address + max([0.0, *(text_width(host.address, 11.5, mono=True) for host in hosts)]) + 10
    volumes = max([0.0, *(volumes_width(host) for host in hosts)])
    return (name, address, volume), max(volume + volumes + PAD, 190.0)


def volumes_width(host: Host) -> float:
    """Return the width of the cylinders of a host, with the size beside each."""
    return sum(CYLINDER + 4 + text_width(f"{gib} GiB", 11.5) + 6 for _, gib in host.volumes)


def _row_height(row: Row) -> float:
    lines = max([1, *(min(len(cell.hosts), HOSTS_SHOWN) for cell in row.cells)])
    label = 68 if row.public else 50
    return max(label, 8 + LINE + lines * LINE + 10)


def _cell_place(box: Box, cell: Cell) -> CellPlace:
    hosts = cell.hosts
    shown: list[tuple[Host | None, str]] = [(host, "") for host in hosts]
    if len(hosts) > HOSTS_SHOWN:
        left_out = len(hosts) - 3
        words = f"… {left_out} more ({len(hosts)} hosts)"
        shown = [*shown[:2], (None, words), shown[-1]]
    if not hosts:
        shown = [(None, "no hosts")]
    first = box.y + LINE + 4 + LINE / 2
    lines = tuple(Line(first + i * LINE, host, words) for i, (host, words) in enumerate(shown))
    return CellPlace(box, cell, lines)


def _lane(link: Link, x: float, middles: dict[str, float]) -> LanePlace:
    starts = {middles[peer] for peer in link.sources if peer in middles}
    ends = {middles[peer] for peer in link.targets if peer in middles}
    loops = starts & ends
    return LanePlace(
        link, x, tuple(sorted(starts - loops)), tuple(sorted(ends - loops)), tuple(sorted(loops))
    )
