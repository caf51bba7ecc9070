"""`trust bundle`: the script that an operator sends to the host that signs."""

import sys
from typing import TYPE_CHECKING

from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import Target
from portinfra.commands.session import Session

if TYPE_CHECKING:
    from portinfra.commands.selection import Selection


def bundle(session: Session, target: Target) -> int:
    """Print a script with the authority's key for the host that signs: pipe it there by ssh.

    Makes no API call.
    """
    from portinfra.commands.selection import select

    write_bundle(select(session, target))
    return Exit.DONE


def write_bundle(selection: "Selection") -> None:
    """Write the bundle to standard output. Raises Misuse for a terminal: the bundle has a private key."""
    from portinfra import workflow
    from portinfra.commands.trust.selected import directory_of
    from portinfra.hosts.enrolment import find_signer
    from portinfra.render.console.terminal import write
    from portinfra.trust.archive import make_archive
    from portinfra.trust.bundle import make_bundle
    from portinfra.trust.directory import now

    if sys.stdout.isatty():
        raise Misuse(
            "the bundle has the private key of the authority, and this is a terminal",
            fix="Send it to the host that signs: … | ssh config1 sudo sh.",
        )
    directory = directory_of(selection)
    signer = find_signer(workflow.place(selection.topology, selection.environment, existing=True))
    public = directory.read_public_files()
    name = signer.name if signer else ""
    made = make_bundle(directory.read_authority(), public, make_archive(), now(), signer=name)
    write(made.removesuffix("\n"))
