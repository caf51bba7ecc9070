"""`render`: the placed topology, offline."""

from enum import StrEnum
from typing import Annotated

from typer import Option

from portinfra.commands.exits import Exit
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


class RenderFormat(StrEnum):
    """The format of a topology."""

    TABLE = "table"
    JSON = "json"
    HCL = "hcl"


def render(
    session: Session,
    target: Target,
    shown: OutputOptions,
    format: Annotated[RenderFormat, Option("--format", help="The format.")] = RenderFormat.TABLE,
) -> int:
    """Show every host, subnet and rule of the topology. Makes no API call."""
    from portinfra.commands.offline import place_selection
    from portinfra.commands.selection import select
    from portinfra.declaration.declared import Declared
    from portinfra.declaration.hcl.write import to_hcl
    from portinfra.render.console.render import show_placed
    from portinfra.render.console.terminal import out, write_hcl, write_json
    from portinfra.render.documents import render_document

    selection = select(session, target)
    if format is RenderFormat.HCL and not shown.as_json:
        write_hcl(to_hcl(Declared((selection.topology,), (selection.environment,))))
    elif format is RenderFormat.JSON or shown.as_json:
        write_json(render_document(place_selection(selection)))
    else:
        show_placed(place_selection(selection), out())
    return Exit.DONE
