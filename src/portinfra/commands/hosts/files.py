"""`hosts files`: the configuration files of each host, printed or written into a directory."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


def files(
    session: Session,
    target: Target,
    shown: OutputOptions,
    host: Annotated[str | None, Argument(metavar="HOST", help="The host. Default: every host.")] = None,
    into: Annotated[
        Path | None,
        Option("--into", metavar="DIR", help="Write the files here, one directory for each host."),
    ] = None,
) -> int:
    """Print the files of hosts, or write them into a directory. Makes no API call."""
    from portinfra.commands.hosts.directory import write_directory
    from portinfra.commands.hosts.rendering import render_selected
    from portinfra.commands.selection import select
    from portinfra.format import count, suggestion
    from portinfra.misplaced_hosts import as_declared
    from portinfra.model.address import Scope
    from portinfra.render.console.terminal import err, write, write_json
    from portinfra.render.hosts_documents import hosts_document

    selection = select(session, target)
    found = render_selected(selection)
    if host is not None:
        if host not in found:
            raise Misuse(f"there is no host {host!r}", fix=suggestion(host, found))
        if into is not None:
            raise Misuse("--into writes the files of every host", fix=f"Leave out {host}, or --into.")
        found = {host: found[host]}
    document = hosts_document(selection.scope, found)
    err().print(as_declared(Scope(selection.topology.name, selection.environment.name)))
    if into is not None:
        removed = write_directory(into, document, found)
        err().print(f"Written: {count(len(found), 'host')} into {into}, {count(removed, 'file')} removed.")
    if shown.as_json:
        write_json(document)
    elif into is None:
        for name, some in found.items():
            for file in some:
                write(f"# {name}:{file.path}\n{file.content}")
    return Exit.DONE
