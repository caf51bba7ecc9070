"""`graph`: a picture of the placed topology, offline."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option

from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import Target
from portinfra.commands.session import Session


class GraphFormat(StrEnum):
    """What draws it in the end."""

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
"""The ending of a file's name → how it is drawn where no format is given."""


def graph(
    session: Session,
    target: Target,
    format: Annotated[
        GraphFormat | None,
        Option(
            "--format", help="How it is drawn; else by the ending of FILE, or as SVG.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FILE", help="Write it there, not to standard output.")
    ] = None,
) -> int:
    """Draw the zones, subnets, hosts and allowed flows. Makes no call."""
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
    """Return the format that the ending of a file means. Raises Misuse for an ending of another format."""
    ending = file.suffix.lower() if file else ""
    if ending not in _ENDINGS:
        raise Misuse(
            f"-o {file}: graph draws no {ending} files",
            fix="Name a file that ends in .svg, .mmd or .dot, or give --format.",
        )
    return _ENDINGS[ending]
