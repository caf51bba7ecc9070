"""What `hosts puppet` and `hosts ansible` have in common: they write a repository and say what changed."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from portinfra.commands.exits import Exit
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session

if TYPE_CHECKING:
    from portinfra.hosts.delivery.repository import Repository
    from portinfra.hosts.render import Files, Platform
    from portinfra.model.placed import Placed

Into = Annotated[Path, Option("--into", metavar="DIR", help="Write the repository here.")]


def write_selected(
    session: Session,
    target: Target,
    shown: OutputOptions,
    into: Path,
    make: "Callable[[Placed, Files, Platform], Repository]",
) -> int:
    """Write the repository that `make` returns for the selected topology. Return the exit code."""
    from portinfra.commands.hosts.rendering import render_selected
    from portinfra.commands.hosts.repository import write_repository
    from portinfra.commands.selection import select
    from portinfra.format import count
    from portinfra.hosts.first_boot import platform_of
    from portinfra.misplaced_hosts import as_declared
    from portinfra.placement import place
    from portinfra.provider import registry
    from portinfra.render.console.terminal import err, write_json
    from portinfra.render.hosts_documents import hosts_document

    selection = select(session, target)
    found = render_selected(selection)
    placed = place(selection.topology, selection.environment)
    platform = platform_of(registry.plugin_of(selection.environment))
    err().print(as_declared(placed.scope))
    written = write_repository(into, make(placed, found, platform))
    changed, removed = count(written.changed, "file"), count(written.removed, "file")
    err().print(f"Written: {count(len(found), 'host')} into {into}, {changed} changed, {removed} removed.")
    if shown.as_json:
        write_json(hosts_document(selection.scope, found))
    return Exit.DONE
