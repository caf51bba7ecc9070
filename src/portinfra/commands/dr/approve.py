"""`dr approve`: a second person approves a takeover, or confirms that a manual step is done."""

from typing import Annotated

from typer import Argument

from portinfra.commands.dr.options import PlanSelection, recovery_of
from portinfra.commands.exits import Exit
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session
from portinfra.value import frozen


@frozen
class ApproveArguments:
    """What to approve."""

    what: Annotated[
        str,
        Argument(metavar="WHAT", help="failover, failback, or the manual step that a takeover waits for."),
    ]


def approve(session: Session, what: ApproveArguments, which: PlanSelection, shown: OutputOptions) -> int:
    """Approve a failover, a failback, or a manual step of one."""
    from portinfra import dr
    from portinfra.format import moment
    from portinfra.render.console.terminal import write, write_json
    from portinfra.render.recovery_documents import approved_document

    recovery = recovery_of(session, which)
    given = dr.approve(recovery, what.what)
    if shown.as_json:
        write_json(approved_document(recovery, given))
    else:
        until = f"valid until {moment(given.until)}" if given.until else f"in takeover {given.takeover}"
        write(f"{given.what} of {recovery.plan.name} is approved by {given.principal}, {until}.")
    return Exit.DONE
