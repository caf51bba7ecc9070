"""The colours of a diagram: dark ink on light paper, different in more than their hue."""

from portinfra.value import frozen


@frozen
class Colour:
    """The colours of an area."""

    fill: str
    line: str
    ink: str


PAPER = "#ffffff"
INK = "#1f2933"
MUTED = "#52606d"
TIER = "#f0f3f7"
REGION = Colour("#fafbfc", "#9aa5b1", INK)
PUBLIC = Colour("#fff1e0", "#c2500a", "#8a3700")
PRIVATE = Colour("#e8f1fb", "#3b78b8", "#1d4f86")

LINKS = {"border": "#c2500a", "service": "#1d5fa8", "operations": "#6b7280"}
"""The colour of a flow, by its kind."""
