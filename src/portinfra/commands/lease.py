"""`lease`: which run changes the environment, and how to release the lease of a dead run."""

from typing import Annotated

from typer import Option

from portinfra.commands.exits import Exit
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session
from portinfra.format import moment
from portinfra.value import frozen


@frozen
class ReleaseOptions(OutputOptions):
    """What to change of the lease, and whether to ask first."""

    release: Annotated[
        bool, Option("--release", help="Release the lease of a run that is known to be dead.")
    ] = False
    forget_peer: Annotated[
        bool,
        Option("--forget-peer", help="Stop checking the other environment of a deleted recovery plan."),
    ] = False
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask for confirmation.")] = False


def lease(session: Session, target: Target, releasing: ReleaseOptions) -> int:
    """Show which run changes the environment now, or changed it last."""
    from portinfra.commands.apply_flow import confirm
    from portinfra.commands.selection import select
    from portinfra.lease import forget_peer, list_leases, release
    from portinfra.render.console.status import lease_line
    from portinfra.render.console.terminal import err, write, write_json
    from portinfra.render.documents import claim_document

    selection = select(session, target)
    leases = list_leases(selection.topology, selection.environment)
    last = leases[-1] if leases else None
    released = False
    if releasing.release and last is not None and not last.released:
        held = f"{last.holder_identity} has held it since {moment(last.acquire_time)}."
        err().print(f"{held} If that run still works, two runs will change the environment.")
        if not releasing.yes:
            confirm(session, f"Type {selection.scope} to release it:", (selection.scope,))
        release(selection.topology, selection.environment)
        leases = list_leases(selection.topology, selection.environment)
        last, released = leases[-1] if leases else None, True
    if releasing.forget_peer and last is not None and last.peer:
        err().print(f"Plans of {selection.scope} will no longer check {last.peer}.")
        if not releasing.yes:
            confirm(session, f"Type {selection.scope} to forget it:", (selection.scope,))
        last = forget_peer(selection.topology, selection.environment)
    if releasing.as_json:
        write_json(claim_document(selection.scope, last, released=released))
    else:
        write(lease_line(last))
    return Exit.DONE
