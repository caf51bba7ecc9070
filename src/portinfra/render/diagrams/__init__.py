"""Diagrams of a placed topology, for example for a design review. They need no cloud and are repeatable."""

from typing import Literal

from portinfra.model.placed import Placed
from portinfra.render.diagrams.dot import dot
from portinfra.render.diagrams.mermaid import mermaid
from portinfra.render.diagrams.picture import picture
from portinfra.render.diagrams.svg import svg

Format = Literal["svg", "mermaid", "dot"]

_WRITERS = {"svg": svg, "mermaid": mermaid, "dot": dot}
FORMATS: tuple[str, ...] = tuple(_WRITERS)
"""The formats that `draw` knows."""


def draw(placed: Placed, format: Format = "svg") -> str:
    """Return a diagram of the region, its zones, subnets, hosts and allowed traffic, as text of a format.

    `svg` is a whole picture that needs no other program; `mermaid` and `dot` are for tools with a layout of
    their own. The same topology gives the same text. Raises ValueError for an unknown format.
    """
    if format not in _WRITERS:
        raise ValueError(f"{format!r} is no format of a diagram; write one of {', '.join(FORMATS)}")
    return _WRITERS[format](picture(placed))
