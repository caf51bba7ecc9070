"""`dr replicate`: new recovery points."""

from typing import Annotated

from typer import Option

from portinfra.commands.dr.options import PlanSelection, recovery_of
from portinfra.commands.exits import Exit
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session
from portinfra.value import frozen


@frozen
class ReplicateOptions(OutputOptions):
    """When to make points."""

    now: Annotated[bool, Option("--now", help="Make a point of every group, even if none is due.")] = False
    insist: Annotated[
        bool, Option("--insist", help="Continue though the clock of this machine is wrong.")
    ] = False


def replicate(session: Session, which: PlanSelection, replicating: ReplicateOptions) -> int:
    """Make the due recovery points, and carry them to the target. A timer may run it as often as you like."""
    from portinfra import dr
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.recovery import show_replicated
    from portinfra.render.console.terminal import out, write_json
    from portinfra.render.recovery_documents import replicated_document

    recovery = recovery_of(session, which)
    with ProgressDisplay() as display:
        made = dr.replicate(
            recovery,
            now=replicating.now,
            insist=replicating.insist,
            run_options=dr.RunOptions(listen=display),
            say=display.say,
        )
    if replicating.as_json:
        write_json(replicated_document(recovery, made))
    else:
        show_replicated(recovery, made, out())
    return Exit.DONE if made.succeeded else Exit.FAILED
