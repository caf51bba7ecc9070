"""A diagram in the language of Graphviz, for `dot -Tsvg` or `dot -Tpdf`."""

from collections.abc import Iterator, Mapping, Sequence

from portinfra.render.diagrams.labels import (
    Arrow,
    arrows,
    cell_lines,
    outside_ids,
    outside_label,
    place,
    role_lines,
    title,
)
from portinfra.render.diagrams.palette import LINKS, PRIVATE, PUBLIC
from portinfra.render.diagrams.picture import Picture, Row
from portinfra.safe_text import visible

BLUE = f'fillcolor="{PRIVATE.fill}", color="{PRIVATE.line}"'

HEAD = f"""\
  graph [labelloc=t, compound=true, rankdir=LR, ranksep=1.2, fontname="Helvetica", bgcolor="white"];
  node [shape=box, style="rounded,filled", fontname="Helvetica", {BLUE}];
  edge [fontname="Helvetica", fontsize=11, color="{LINKS["service"]}"];"""

ORANGE = f'fillcolor="{PUBLIC.fill}", color="{PUBLIC.line}"'


def dot(picture: Picture) -> str:
    """Return the region, its roles with a box for each zone, and an arrow for each pair with a flow.

    Flows are between roles, so each role is a cluster of its own and its zones are within it. A flow of
    many roles is a text in the role.
    """
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    yield f"digraph {_quote(picture.topology)} {{"
    yield HEAD
    yield f"  label={_quote(title(picture))};"
    outside = outside_ids(picture)
    for peer, peer_id in outside.items():
        yield f"  {peer_id} [label={_quote(outside_label(peer))}, shape=oval, {ORANGE}];"
    yield "  subgraph cluster_region {"
    yield f"    label={_quote(place(picture))};"
    for row in picture.rows:
        yield from _row(row, picture)
    yield "  }"
    for arrow in arrows(picture):
        yield _arrow(arrow, outside, len(picture.zones) // 2)
    yield "}"


def _row(row: Row, picture: Picture) -> Iterator[str]:
    look = f", {ORANGE}" if row.public else ""
    yield f"    subgraph {_quote('cluster_' + row.role)} {{"
    yield f"      label={_broken(role_lines(row, picture))};"
    for ordinal, (zone, cell) in enumerate(zip(picture.zones, row.cells, strict=True)):
        yield f"      {_box(row.role, ordinal)} [label={_broken(cell_lines(zone, cell))}{look}];"
    yield "    }"


def _arrow(arrow: Arrow, outside: Mapping[str, str], zone: int) -> str:
    """Return an arrow between the borders of two roles. Graphviz needs a box in each role as its end."""
    tail, head = (outside.get(peer) or _box(peer, zone) for peer in (arrow.source, arrow.target))
    look = [f"label={_quote(arrow.ports)}"]
    if arrow.source not in outside:
        look.append(f"ltail={_quote('cluster_' + arrow.source)}")
    if arrow.target not in outside:
        look.append(f"lhead={_quote('cluster_' + arrow.target)}")
    if not arrow.inwards:
        look.append("constraint=false")
    return f"  {tail} -> {head} [{', '.join(look)}];"


def _box(role: str, ordinal: int) -> str:
    return _quote(f"{role}/{ordinal}")


def _quote(words: str) -> str:
    return '"' + _escape(words) + '"'


def _broken(lines: Sequence[str]) -> str:
    """Return a label of several lines."""
    return '"' + "\\n".join(map(_escape, lines)) + '"'


def _escape(words: str) -> str:
    return visible(words.replace("\n", " ")).replace("\\", "\\\\").replace('"', '\\"')
