"""A diagram as SVG: one file that needs no other font, script or program."""

from collections.abc import Iterator, Sequence

from portinfra.render.diagrams.elements import element, group, text
from portinfra.render.diagrams.flow_list import flow_list
from portinfra.render.diagrams.labels import title
from portinfra.render.diagrams.lanes import lane, legend
from portinfra.render.diagrams.layout import (
    CYLINDER,
    LABEL_MAX,
    Box,
    CellPlace,
    Layout,
    Line,
    RowPlace,
    fitting,
    layout,
)
from portinfra.render.diagrams.palette import INK, MUTED, PAPER, PRIVATE, PUBLIC, REGION, TIER
from portinfra.render.diagrams.picture import Host, Picture


def svg(picture: Picture) -> str:
    """Return a diagram as a whole SVG document."""
    placed = layout(picture)
    content = "\n".join([*_content(placed), ""])
    size = f"{placed.width:g}", f"{placed.height:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="0 0 {size[0]} {size[1]}" role="img" font-family="Helvetica, Arial, sans-serif">\n'
        f"{content}</svg>\n"
    )


def _content(placed: Layout) -> Iterator[str]:
    picture = placed.picture
    name = title(picture)
    yield element("title", content=f"{name}: hosts, subnets and allowed flows")
    yield element("rect", width=placed.width, height=placed.height, fill=PAPER)
    yield text(placed.header.x, placed.header.y + 24, name, size=24, weight="bold")
    hosts = sum(len(cell.hosts) for row in picture.rows for cell in row.cells)
    counts = ", ".join(
        _count(number, thing)
        for number, thing in (
            (len(picture.rows), "role"),
            (hosts, "host"),
            (len(picture.zones), "zone"),
            (len(picture.links), "flow"),
        )
    )
    yield text(placed.header.x, placed.header.y + 48, f"{picture.place} · {picture.cidr} · {counts}", size=14)
    for peer, box in placed.outside:
        yield _outside(peer, box)
    yield _box(placed.region, fill=REGION.fill, line=REGION.line, radius=10)
    place = f"{picture.place} · private network {picture.cidr}"
    yield text(placed.region.x + 12, placed.region.y + 23, place, size=14, weight="bold")
    for row in placed.rows:
        yield _box(row.band, fill=TIER, line="none", radius=6)
    for zone, box in placed.columns:
        zone_box = Box(box.x - 4, box.y - 8, box.width + 8, placed.region.bottom - box.y + 2)
        yield _box(zone_box, fill="none", line=REGION.line, dash="4 4", radius=8)
        yield text(box.x + box.width / 2, box.y + 12, zone, size=13, weight="bold", anchor="middle")
    for tier, box in placed.titles:
        yield text(box.x + 4, box.y + 20, tier.upper(), size=12, weight="bold", fill=MUTED)
    for row in placed.rows:
        yield _row(row, placed)
    for each in placed.lanes:
        yield lane(each, placed)
    yield legend(placed.legend, placed.width)
    if picture.links:
        yield flow_list(picture.links, placed.list, [row.role for row in picture.rows])


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _outside(peer: str, box: Box) -> str:
    label = "The internet" if peer == "internet" else peer
    return group(
        _box(box, fill=PUBLIC.fill, line=PUBLIC.line, radius=17),
        text(box.x + 20, box.middle + 5, label, size=14, weight="bold", fill=PUBLIC.ink),
        title=label,
    )


def _row(place: RowPlace, placed: Layout) -> str:
    row, band = place.row, place.band
    colour = PUBLIC if row.public else PRIVATE
    x = band.x + 12
    parts = [
        element("rect", x=band.x, y=band.y, width=4, height=band.height, fill=colour.line, rx=2),
        text(x, band.y + 21, row.role, size=14, weight="bold"),
        text(x, band.y + 39, fitting(row.detail, LABEL_MAX - 24, 11.5), size=11.5, fill=MUTED),
    ]
    if row.public:
        reason = fitting(f"for: {row.public}", LABEL_MAX - 24, 11.5)
        parts.append(text(x, band.y + 56, reason, size=11.5, fill=PUBLIC.ink))
    parts += [_cell(cell, bool(row.public), placed.columns_x) for cell in place.cells]
    if placed.lanes:
        parts.append(text(placed.names_x, band.middle + 4, row.role, size=12, weight="bold"))
    return group(*parts, title=f"{row.role}: {row.detail}{f' for: {row.public}' * bool(row.public)}")


def _cell(place: CellPlace, public: bool, columns: tuple[float, float, float]) -> str:
    box, cell = place.box, place.cell
    colour = PUBLIC if public else PRIVATE
    parts = [
        _box(box, fill=colour.fill, line=colour.line, radius=6),
        text(box.x + 8, box.y + 16, cell.cidr, size=11.5, mono=True, fill=colour.ink),
        *(_line(line, box.x, columns) for line in place.lines),
    ]
    return group(*parts, title=f"{cell.subnet} {cell.cidr}: {_names(cell.hosts)}")


def _names(hosts: Sequence[Host]) -> str:
    return ", ".join(host.name for host in hosts) or "no hosts"


def _line(line: Line, x: float, columns: tuple[float, float, float]) -> str:
    if line.host is None:
        return text(x + columns[0], line.y + 4, line.words, size=12, fill=MUTED)
    host = line.host
    parts = [
        _server(x + 8, line.y, host.public),
        text(x + columns[0], line.y + 4, host.name, size=12),
        text(x + columns[1], line.y + 4, host.address, size=11.5, mono=True),
    ]
    at = x + columns[2]
    for name, gib in host.volumes:
        size = f"{gib} GiB"
        parts.append(
            group(
                _cylinder(at, line.y),
                text(at + CYLINDER + 2, line.y + 4, size, size=11.5),
                title=f"volume {name}, {size}, encrypted",
            )
        )
        at += CYLINDER + 10 + len(size) * 6.5
    return group(*parts, title=f"{host.name} {host.address}{', with a public address' * host.public}")


def _server(x: float, y: float, public: bool) -> str:
    """Return the symbol of a server; that of a public one is filled."""
    colour = PUBLIC if public else PRIVATE
    body = element(
        "rect",
        x=x,
        y=y - 6,
        width=13,
        height=12,
        rx=2,
        fill=colour.line if public else PAPER,
        stroke=colour.line,
    )
    slots = element(
        "path",
        d=f"M{x + 3:g} {y - 2:g}h7M{x + 3:g} {y + 2:g}h7",
        stroke=PAPER if public else colour.line,
        fill="none",
    )
    return body + slots


def _cylinder(x: float, y: float) -> str:
    """Return the symbol of a volume."""
    body = f"M{x:g} {y - 5:g}v10a6 2.5 0 0 0 12 0v-10"
    return element("path", d=body, fill=PAPER, stroke=INK) + element(
        "ellipse", cx=x + 6, cy=y - 5, rx=6, ry=2.5, fill=PAPER, stroke=INK
    )


def _box(box: Box, *, fill: str, line: str, radius: float, dash: str = "") -> str:
    optional = {"stroke_dasharray": dash} if dash else {}
    return element(
        "rect",
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        rx=radius,
        fill=fill,
        stroke=line,
        **optional,
    )
