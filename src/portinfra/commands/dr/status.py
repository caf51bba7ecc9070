"""`dr status`: the age of the newest restorable data."""

from typing import Annotated

from typer import Option

from portinfra.commands.dr.options import PlanSelection, recovery_of
from portinfra.commands.exits import Misuse
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session, show
from portinfra.errors import PortinfraError
from portinfra.value import frozen

UNKNOWN = 3
"""The exit code where the target does not answer, as monitors expect it."""


@frozen
class StatusOptions(OutputOptions):
    """What to print, and in which format."""

    prometheus: Annotated[
        bool, Option("--prometheus", help="Print metrics in the text format of Prometheus.")
    ] = False
    points: Annotated[bool, Option("--points", help="List every point; --json always does.")] = False


def status(session: Session, which: PlanSelection, watching: StatusOptions) -> int:
    """Show the age of the restorable data of each volume. Show what would refuse a takeover, too. Exit codes:
    0 good, 1 late, 2 too old or not ready, 3 an environment does not answer.
    """
    from portinfra import dr
    from portinfra.render.console.recovery import show_status
    from portinfra.render.console.terminal import out, write, write_json
    from portinfra.render.recovery_documents import level, prometheus, status_document

    if watching.as_json and watching.prometheus:
        raise Misuse("--json and --prometheus exclude each other", fix="Leave one of them out.")
    recovery = None
    try:
        recovery = recovery_of(session, which)
        found = dr.status(recovery)
    except Misuse:
        raise
    except PortinfraError as error:
        show(error, session, as_json=watching.as_json)
        if watching.prometheus and recovery:  # so an alert lasts while the cloud does not answer
            write(level(recovery.plan.name, UNKNOWN))
        return UNKNOWN
    if watching.as_json:
        write_json(status_document(found))
    elif watching.prometheus:
        write(prometheus(found))
    else:
        show_status(found, out(), points=watching.points)
    return found.exit_code
