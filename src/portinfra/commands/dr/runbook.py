"""`dr runbook`: the recovery plan as a page for the person on duty."""

from pathlib import Path

from portinfra.commands.dr.options import PlanSelection, recovery_of
from portinfra.commands.exits import Exit
from portinfra.commands.session import Session


def runbook(session: Session, which: PlanSelection) -> int:
    """Print the recovery plan as instructions for a person on duty. The page presumes no expert. Makes no
    API call.
    """
    from portinfra.render.console.terminal import write
    from portinfra.render.runbook import runbook as page

    write(page(recovery_of(session, which), str(Path.cwd())))
    return Exit.DONE
