"""`dr runbook`: the plan as a page for whoever is there when it is needed."""

from pathlib import Path

from portinfra.commands.dr.options import PlanSelection, recovery_of
from portinfra.commands.exits import Exit
from portinfra.commands.session import Session


def runbook(session: Session, which: PlanSelection) -> int:
    """Write the recovery plan as a page for someone who is no system administrator. Makes no call."""
    from portinfra.render.console.terminal import write
    from portinfra.render.runbook import runbook as page

    write(page(recovery_of(session, which), str(Path.cwd())))
    return Exit.DONE
