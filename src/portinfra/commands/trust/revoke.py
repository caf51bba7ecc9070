"""`trust revoke`: the end of all certificates and tokens of a host."""

from typing import Annotated

from typer import Argument

from portinfra.commands.exits import Exit
from portinfra.commands.options import Target
from portinfra.commands.session import Session


def revoke(
    session: Session, target: Target, host: Annotated[str, Argument(metavar="HOST", help="The host.")]
) -> int:
    """Revoke the certificates and tokens that a host has now. The next bundle brings it to the signer.

    Makes no API call.
    """
    from portinfra.command_text import command
    from portinfra.commands.trust.selected import select_directory
    from portinfra.render.console.terminal import err
    from portinfra.trust.directory import now

    directory = select_directory(session, target)
    directory.revoke(host, now())
    err().print(f"Revoked: {host} of {directory.scope}. It counts once the host that signs has it:")
    err().print(f"send it {command('trust', 'bundle')}.")
    return Exit.DONE
