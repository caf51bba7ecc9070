"""`dr status`: how old the newest restorable data is."""

from typing import Annotated

from attrs import frozen
from typer import Option

from portinfra.commands.dr.options import PlanSelection, recovery_of
from portinfra.commands.exits import Misuse
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session, show
from portinfra.errors import PortinfraError

UNKNOWN = 3
"""The exit code that monitors expect where the target does not answer."""


@frozen
class StatusOptions(OutputOptions):
    """For whom."""

    prometheus: Annotated[bool, Option("--prometheus", help="As Prometheus text.")] = False
    points: Annotated[bool, Option("--points", help="List every point, too; --json always does.")] = False


def status(session: Session, which: PlanSelection, watching: StatusOptions) -> int:
    """Show the age of every volume's newest restorable point, and what would refuse a takeover. Ends with
    0, 1, 2 or 3: fine, late, too old or not ready, or an end does not answer.
    """
    from portinfra import dr
    from portinfra.render.console.recovery import show_status
    from portinfra.render.console.terminal import out, write, write_json
    from portinfra.render.recovery_documents import level, prometheus, status_document

    if watching.as_json and watching.prometheus:
        raise Misuse("it is either --json or --prometheus", fix="Leave one of them out.")
    recovery = None
    try:
        recovery = recovery_of(session, which)
        found = dr.status(recovery)
    except Misuse:
        raise
    except PortinfraError as error:
        show(error, session, as_json=watching.as_json)
        if watching.prometheus and recovery:  # an alert on the level is not to fall silent with the cloud
            write(level(recovery.plan.name, UNKNOWN))
        return UNKNOWN
    if watching.as_json:
        write_json(status_document(found))
    elif watching.prometheus:
        write(prometheus(found))
    else:
        show_status(found, out(), points=watching.points)
    return found.exit_code
