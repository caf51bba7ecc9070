"""`render`: the placed topology, offline."""

from enum import StrEnum
from typing import Annotated

from typer import Option

from portinfra.present.commands.options import Shown, Target
from portinfra.present.commands.session import Session
from portinfra.present.exits import Exit


class RenderFormat(StrEnum):
    """How the topology is written."""

    TABLE = "table"
    JSON = "json"
    HCL = "hcl"


def render(
    session: Session,
    target: Target,
    shown: Shown,
    format: Annotated[RenderFormat, Option("--format", help="How it is written.")] = RenderFormat.TABLE,
) -> int:
    """Show every host, subnet and rule that the topology becomes. Asks no cloud."""
    from portinfra.declaration.declared import Declared
    from portinfra.declaration.hcl.write import to_hcl
    from portinfra.present.commands.offline import placed
    from portinfra.present.commands.selection import select
    from portinfra.present.console.render import show_placed
    from portinfra.present.console.terminal import out, write, write_json
    from portinfra.present.documents import render_document

    selection = select(session, target)
    if format is RenderFormat.HCL and not shown.as_json:
        write(to_hcl(Declared((selection.topology,), (selection.environment,))))
    elif format is RenderFormat.JSON or shown.as_json:
        write_json(render_document(placed(selection)))
    else:
        show_placed(placed(selection), out())
    return Exit.DONE
