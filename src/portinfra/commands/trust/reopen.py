"""`trust reopen`: a new record of used tokens, after the old one was lost."""

from portinfra.commands.exits import Exit
from portinfra.commands.options import Target
from portinfra.commands.session import Session


def reopen(session: Session, target: Target) -> int:
    """Begin a new record of used tokens, and print the bundle that says so: pipe it to the host that signs.

    Tokens that were signed before do not count any more. Makes no API call.
    """
    from portinfra.commands.selection import select
    from portinfra.commands.trust.bundle import write_bundle
    from portinfra.commands.trust.selected import directory_of

    selection = select(session, target)
    directory = directory_of(selection)
    directory.raise_if_absent()
    directory.reopen()
    write_bundle(selection)
    return Exit.DONE
