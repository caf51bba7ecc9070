"""`trust init`: a new certificate authority, and the key that signs tokens."""

from typing import Annotated

from typer import Option

from portinfra.commands.exits import Exit
from portinfra.commands.options import Target
from portinfra.commands.session import Session


def init(
    session: Session,
    target: Target,
    puppet: Annotated[
        bool, Option("--puppet", help="Puppet Server will sign: the authority has a key of RSA.")
    ] = False,
) -> int:
    """Create the authority of an environment in its trust directory. Makes no API call.

    Its key is RSA if a role has the profile puppet-server.
    """
    from portinfra import workflow
    from portinfra.command_text import command
    from portinfra.commands.selection import select
    from portinfra.commands.trust.selected import directory_of
    from portinfra.enrolment import kind_for
    from portinfra.render.console.terminal import err
    from portinfra.trust.directory import now

    selection = select(session, target)
    directory = directory_of(selection)
    placed = workflow.place(selection.topology, selection.environment, existing=True)
    directory.create("puppet" if puppet else kind_for(placed), now())
    err().print(f"Created: the authority of {directory.scope} in {directory.folder}.")
    err().print(f"Next, create the host that signs, and send it {command('trust', 'bundle')}.")
    return Exit.DONE
