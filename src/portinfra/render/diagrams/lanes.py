"""The lanes of the flows beside the map, and the legend that explains them."""

from portinfra.render.diagrams.elements import element, group, text
from portinfra.render.diagrams.labels import peers
from portinfra.render.diagrams.layout import LINE, PORTS_MAX, Box, LanePlace, Layout, fitting, legend_lines
from portinfra.render.diagrams.palette import INK, LINKS, PAPER, PRIVATE, PUBLIC, Colour

DOT = 4.5


def lane(place: LanePlace, placed: Layout) -> str:
    """Return the lane of a flow: ports on top, a line over the rows, dots at starts, arrowheads at ends."""
    link, x = place.link, place.x
    colour = LINKS[link.kind]
    points = [*place.starts, *place.ends, *place.loops]
    bottom = placed.header.bottom
    parts = [
        text(x, bottom - 4, str(link.number), size=12, weight="bold", anchor="middle", fill=colour),
        text(x + 4, bottom - 20, fitting("  ".join(link.ports), PORTS_MAX), size=12, turn=-90, fill=colour),
    ]
    if points:
        guide = f"M{x:g} {bottom:g}V{min(points):g}"
        parts.append(element("path", d=guide, stroke=colour, fill="none", stroke_dasharray="1 4"))
        line = f"M{x:g} {min(points):g}V{max(points):g}"
        parts.append(element("path", d=line, stroke=colour, fill="none", stroke_width=2))
    parts += [element("circle", cx=x, cy=y, r=DOT, fill=colour) for y in place.starts]
    parts += [_arrowhead(x, y, colour, up=_comes_from_below(place, y)) for y in place.ends]
    parts += [_loop(x, y, colour) for y in place.loops]
    roles = [row.row.role for row in placed.rows]
    ends = f"{peers(link.sources, roles)} to {peers(link.targets, roles)}"
    words = f"{link.number}. {ends}, {', '.join(link.ports)}"
    return group(*parts, title=f"{words}: {link.why}" if link.why else words)


def _comes_from_below(place: LanePlace, end: float) -> bool:
    """Return whether the nearest start is below this end."""
    starts = [*place.starts, *place.loops]
    return bool(starts) and min(starts, key=lambda start: (abs(start - end), start)) > end


def _arrowhead(x: float, y: float, colour: str, *, up: bool) -> str:
    """Return an arrowhead whose point is a little beyond the middle of the row."""
    d = -1 if up else 1
    points = f"{x - 6.5:g},{y - 6 * d:g} {x + 6.5:g},{y - 6 * d:g} {x:g},{y + 6 * d:g}"
    return element("polygon", points=points, fill=colour)


def _loop(x: float, y: float, colour: str) -> str:
    """Return a ring, for a flow among the hosts of one role."""
    ring = element("circle", cx=x, cy=y, r=6, fill=PAPER, stroke=colour, stroke_width=2)
    return ring + element("circle", cx=x, cy=y, r=2, fill=colour)


def legend(box: Box, width: float) -> str:
    """Return the legend, which explains the marks."""
    marks = {
        "caller": element("circle", cx=6, cy=-4, r=DOT, fill=INK),
        "called": _arrowhead(6, -4, INK, up=False),
        "loop": _loop(6, -4, INK),
        **{kind: _dash(colour) for kind, colour in LINKS.items()},
        "public": _swatch(PUBLIC),
        "private": _swatch(PRIVATE),
    }
    parts = []
    for index, entries in enumerate(legend_lines(width)):
        y = box.y + 15 + index * LINE
        for offset, mark, words in entries:
            x = box.x + offset
            if mark:
                parts.append(f'<g transform="translate({x:g} {y:g})">{marks[mark]}</g>')
            parts.append(text(x + (20 if mark else 0), y, words, size=12))
    return group(*parts, title="Legend")


def _dash(colour: str) -> str:
    return element("path", d="M-1 -4h14", stroke=colour, stroke_width=3)


def _swatch(colour: Colour) -> str:
    return element("rect", x=-1, y=-10, width=14, height=12, rx=2, fill=colour.fill, stroke=colour.line)
