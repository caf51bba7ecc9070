"""`graph`: a picture of the placed topology, offline."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option

from portinfra.present.commands.options import Target
from portinfra.present.commands.session import Session
from portinfra.present.exits import Exit


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
    """Draw the zones, subnets, hosts and allowed flows. Asks no cloud."""
    from portinfra.present.commands.offline import placed
    from portinfra.present.commands.selection import select
    from portinfra.present.console.terminal import err, write
    from portinfra.present.diagrams import draw

    picture = draw(placed(select(session, target)), format.value)
    if output is None:
        write(picture)
    else:
        output.write_text(picture, encoding="utf-8")
        err().print(f"Drawn: {output}")
    return Exit.DONE
