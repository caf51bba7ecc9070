"""A plot with logarithmic axes, as SVG: it needs no font, script or other program."""

from collections.abc import Iterator, Sequence
from math import ceil, floor, log, log10
from typing import NamedTuple

WIDTH, HEIGHT = 720, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 690, 50, 400
COLOURS = ("#1f5fa8", "#b8441f", "#3a7d44")
INK, FAINT, PAPER = "#222222", "#dddddd", "#ffffff"

Points = Sequence[tuple[float, float]]


class Series(NamedTuple):
    """What one line shows."""

    name: str
    points: Points
    """Sizes and costs, both above 0."""


def log_log(title: str, series: Sequence[Series]) -> str:
    """The whole document: a line for each series, and what n log n would be, through its last point."""
    shown = [one for one in series if one.points]
    axes = _Axes([point for one in shown for point in one.points])
    content = [*axes.draw(), _text(LEFT, 28, title, size=16)]
    for one, colour in zip(shown, COLOURS, strict=False):
        content += _line(axes, one, colour)
    height = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {height} role="img" '
            'font-family="Helvetica, Arial, sans-serif">',
            f"<title>{title}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
            *content,
            _text(LEFT, HEIGHT - 14, "Dashed: n log n, through each line's last point."),
            "</svg>\n",
        ]
    )


def _powers(numbers: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around them; one that they hardly pass will do."""
    least = floor(log10(min(numbers)))
    return least, max(least + 1, ceil(log10(max(numbers)) - 0.01))


class _Axes:
    """Whole powers of ten around all points."""

    def __init__(self, points: Points) -> None:
        sizes, costs = zip(*points, strict=True)
        self.x, self.y = _powers(sizes), _powers(costs)

    def at(self, size: float, cost: float) -> tuple[float, float]:
        """Where a point lies on the page."""
        across = (log10(size) - self.x[0]) / (self.x[1] - self.x[0])
        up = (log10(cost) - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (RIGHT - LEFT), BOTTOM - up * (BOTTOM - TOP)

    def draw(self) -> Iterator[str]:
        """A line for each power of ten, with its number."""
        for power in range(self.x[0], self.x[1] + 1):
            x, _ = self.at(10.0**power, 10.0 ** self.y[0])
            yield f'<path d="M{x:.1f} {TOP}V{BOTTOM}" stroke="{FAINT}"/>'
            yield _text(x, BOTTOM + 18, f"{10**power:,}", anchor="middle")
        for power in range(self.y[0], self.y[1] + 1):
            _, y = self.at(10.0 ** self.x[0], 10.0**power)
            yield f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="{FAINT}"/>'
            yield _text(LEFT - 8, y + 4, f"{10.0**power:g}", anchor="end")


def _line(axes: _Axes, one: Series, colour: str) -> Iterator[str]:
    places = [axes.at(*point) for point in one.points]
    yield _path(places, f'stroke="{colour}" stroke-width="2"')
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
    last_size, last_cost = one.points[-1]
    each = last_cost / (last_size * log(last_size))
    floor_cost = 10.0 ** axes.y[0]
    ideal = [(size, max(floor_cost, each * size * log(size))) for size, _ in one.points]
    yield _path(
        [axes.at(*point) for point in ideal], f'stroke="{colour}" stroke-dasharray="4 4" opacity="0.6"'
    )
    x, y = places[-1]
    yield _text(x - 8, y - 10, one.name, anchor="end", colour=colour)


def _path(places: Points, style: str) -> str:
    return f'<path d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in places)}" fill="none" {style}/>'


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", colour: str = INK) -> str:
    style = f'font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{words}</text>'
