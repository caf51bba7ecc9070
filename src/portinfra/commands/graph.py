"""`graph`: a picture of the placed topology, offline."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option

from portinfra.commands.exits import Exit
from portinfra.commands.options import Target
from portinfra.commands.session import Session


class GraphFormat(StrEnum):
    """What draws it in the end."""

    SVG = "svg"
    MERMAID = "mermaid"
    DOT = "dot"


def graph(
    session: Session,
    target: Target,
    format: Annotated[GraphFormat, Option("--format", help="How it is drawn.")] = GraphFormat.SVG,
    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FILE", help="Write it there, not to standard output.")
    ] = None,
) -> int:
    """Draw the zones, subnets, hosts and allowed flows. Makes no call."""
    from portinfra.commands.offline import place_selection
    from portinfra.commands.selection import select
    from portinfra.commands.writing import write_file
    from portinfra.render.console.terminal import err, write
    from portinfra.render.diagrams import draw

    picture = draw(place_selection(select(session, target)), format.value)
    if output is None:
        write(picture)
    else:
        write_file(output, picture)
        err().print(f"Drawn: {output}")
    return Exit.DONE
