"""The timeline of a run as a drawing: a bar for each wave, and a dot for each check."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape

from portinfra.format import duration
from portinfra.model.plain import Document, JsonObject
from portinfra.value import frozen

WIDTH, LEFT, RIGHT = 900, 230, 130
ROW, BAR, TOP = 30, 16, 8
LABEL = 32
"""The most characters of a label; the tables have the whole."""
NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
"""Possible distances between two marks of the axis, in seconds."""
MARKS = 7

COLOURS: Mapping[bool | None, str] = {True: "good", False: "bad", None: "faint"}

RECT = '<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="3" fill="{colour}"/>'
CLIPPED = '<svg x="0" y="{y}" width="{width}" height="{height}"><title>{whole}</title>{text}</svg>'
"""A label, cut where it would run into the drawing, as letters differ in width."""


@frozen
class Row:
    """A bar, or a dot if it has no length. Times are in seconds from the beginning."""

    label: str
    at: float
    note: str
    good: bool | None
    """None: it neither passes nor fails."""
    length: float | None = None


def timeline(document: Document) -> str:
    """Return the drawing, as SVG that takes its colours from the page."""
    start = _seconds(document["started"])
    whole = max(1.0, _seconds(document["ended"]) - start)
    scale = (WIDTH - LEFT - RIGHT) / whole
    rows = list(_rows(document, start, whole))
    bottom = TOP + ROW * len(rows)
    parts = [*_axis(whole, scale, bottom)]
    for number, row in enumerate(rows):
        parts += _draw(row, scale, TOP + number * ROW)
    return f'<svg viewBox="0 0 {WIDTH} {bottom + 26}" role="img" aria-label="timeline">{"".join(parts)}</svg>'


def _rows(document: Document, start: float, whole: float) -> Iterable[Row]:
    """Yield a row for each wave and check, and for the end of a drill, in their order.

    Moments are whole seconds, so the end of a wave and the begin of the next one may be equal.
    """
    actions = [_dot("action", check, start) for check in document["actions"]]
    last = 0.0
    for number, wave in enumerate(document["waves"], 1):
        at, length = _seconds(wave["started"]) - start, wave["seconds"]
        yield from _before(at, actions)
        note = duration(length) + ("" if wave["passed"] else ", failed")
        yield Row(f"{number}  {', '.join(wave['roles'])}", at, note, wave["passed"], length)
        yield from (_dot("gate", check, start) for check in wave["checks"])
        last = max(last, at + length)
    after = [*actions, *(_dot("probe", check, start) for check in document["probes"])]
    yield from after
    last = max([last, *(row.at for row in after)])
    if document["kind"] == "drill" and whole > last:
        done = document["left_behind"] == 0
        note = duration(whole - last) + ("" if done else ", failed")
        yield Row("deletion", last, note, None if done else False, whole - last)


def _before(at: float, rows: list[Row]) -> Iterable[Row]:
    """Yield the rows that are not later, and remove them from the list."""
    while rows and rows[0].at <= at:
        yield rows.pop(0)


def _dot(kind: str, check: JsonObject, start: float) -> Row:
    note = f"{kind} {'passed' if check['passed'] else 'failed'}"
    return Row(check["name"], _seconds(check["at"]) - start, note, check["passed"])


def _draw(row: Row, scale: float, y: float) -> Iterable[str]:
    colour = f"var(--{COLOURS[row.good]})"
    x = LEFT + row.at * scale
    label = row.label if len(row.label) <= LABEL else row.label[: LABEL - 1] + "…"
    indent = 14 if row.length is None else 0
    text = f'<text x="{indent}" y="13" fill="var(--ink)">{escape(label)}</text>'
    yield CLIPPED.format(y=y, width=LEFT - 10, height=ROW - 8, whole=escape(row.label), text=text)
    if row.length is None:
        yield f'<circle cx="{x:.1f}" cy="{y + BAR / 2}" r="5" fill="{colour}"/>'
        width = 5.0
    else:
        width = max(row.length * scale, 2.0)
        yield RECT.format(x=x, y=y, width=width, height=BAR, colour=colour)
    yield f'<text x="{x + width + 8:.1f}" y="{y + 13}" fill="var(--faint)">{row.note}</text>'


def _axis(whole: float, scale: float, bottom: float) -> Iterable[str]:
    days = NICE[-1] * max(1, -(-int(whole) // (NICE[-1] * MARKS)))
    step = next((nice for nice in NICE if whole / nice <= MARKS), days)
    for mark in range(0, int(whole) + 1, step):
        x = LEFT + mark * scale
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}" stroke="var(--line)"/>'
        time = duration(mark)
        yield (f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="var(--faint)">{time}</text>')


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
