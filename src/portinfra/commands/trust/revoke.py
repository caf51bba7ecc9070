"""`trust revoke`: the end of all certificates and tokens of a host."""

from typing import Annotated

from typer import Argument, Option

from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import Target
from portinfra.commands.session import Session


def revoke(
    session: Session,
    target: Target,
    host: Annotated[str, Argument(metavar="HOST", help="The host.")],
    former: Annotated[
        bool, Option("--former", help="The topology does not declare the host any more.")
    ] = False,
) -> int:
    """Revoke the certificates and tokens that a host has now. The next bundle brings it to the signer.

    Makes no API call.
    """
    from portinfra import workflow
    from portinfra.command_text import command
    from portinfra.commands.selection import select
    from portinfra.commands.trust.selected import directory_of
    from portinfra.format import suggestion
    from portinfra.model.resources import Instance
    from portinfra.render.console.terminal import err

    selection = select(session, target)
    placed = workflow.place(selection.topology, selection.environment, existing=True)
    declared = {spec.name for spec in placed.resources.values() if isinstance(spec, Instance)}
    if host not in declared and not former:
        known = suggestion(host, declared, otherwise="The topology has no hosts.")
        raise Misuse(
            f"there is no host {host!r}",
            fix=f"{known} For a host that the topology does not declare any more, add --former.",
        )
    directory = directory_of(selection)
    directory.revoke(host)
    err().print(f"Revoked: {host} of {directory.scope}. It counts once the host that signs has it:")
    err().print(f"send it {command('trust', 'bundle')}.")
    return Exit.DONE
