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
    """Create the authority of an environment in its trust directory. Makes no API call."""
    from portinfra.command_text import command
    from portinfra.commands.trust.selected import select_directory
    from portinfra.render.console.terminal import err
    from portinfra.trust.directory import now

    directory = select_directory(session, target)
    directory.create("puppet" if puppet else "est", now())
    err().print(f"Created: the authority of {directory.scope} in {directory.folder}.")
    err().print(f"Next, create the host that signs, and send it {command('trust', 'bundle')}.")
    return Exit.DONE
