"""Pictures of a placed topology, as one would put them into a design review. Offline and repeatable."""

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
    """The region, its zones, subnets and hosts, and the traffic that is allowed, as text of that format.

    `svg` is a whole picture that needs no other program; `mermaid` and `dot` are for tools that lay out
    themselves. The same topology gives the same text. Raises ValueError for a format that is none of these.
    """
    if format not in _WRITERS:
        raise ValueError(f"{format!r} is no format of a picture; write one of {', '.join(FORMATS)}")
    return _WRITERS[format](picture(placed))
