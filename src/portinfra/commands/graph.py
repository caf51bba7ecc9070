"""`graph`: a picture of the placed topology, offline."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option

from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import Target
from portinfra.commands.session import Session


class GraphFormat(StrEnum):
    """The format of a diagram."""

    SVG = "svg"
    MERMAID = "mermaid"
    DOT = "dot"


_ENDINGS = {
    "": GraphFormat.SVG,
    ".svg": GraphFormat.SVG,
    ".mmd": GraphFormat.MERMAID,
    ".mermaid": GraphFormat.MERMAID,
    ".dot": GraphFormat.DOT,
    ".gv": GraphFormat.DOT,
}
"""The format by the ending of a file's name."""


def graph(
    session: Session,
    target: Target,
    format: Annotated[
        GraphFormat | None,
        Option("--format", help="The format. Default: by the ending of FILE, else SVG.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        Option("--output", "-o", metavar="FILE", help="Write to this file, not to standard output."),
    ] = None,
) -> int:
    """Draw the zones, subnets, hosts and allowed flows. Makes no API call."""
    from portinfra.commands.offline import place_selection
    from portinfra.commands.output_files import write_file
    from portinfra.commands.selection import select
    from portinfra.render.console.terminal import err, write
    from portinfra.render.diagrams import draw

    chosen = format or _format_of(output)
    picture = draw(place_selection(select(session, target)), chosen.value)
    if output is None:
        write(picture)
    else:
        write_file(output, picture)
        err().print(f"Drawn: {output}")
    return Exit.DONE


def _format_of(file: Path | None) -> GraphFormat:
    """Return the format by the ending of a file. Raises Misuse for an unknown ending."""
    ending = file.suffix.lower() if file else ""
    if ending not in _ENDINGS:
        raise Misuse(
            f"-o {file}: graph draws no {ending} files",
            fix="Name a file that ends in .svg, .mmd or .dot, or give --format.",
        )
    return _ENDINGS[ending]
