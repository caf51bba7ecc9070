"""`dr runbook`: the plan as a page for whoever is there when it is needed."""

from pathlib import Path

from portinfra.commands.dr.options import Which, recovery_of
from portinfra.commands.exits import Exit
from portinfra.commands.session import Session


def runbook(session: Session, which: Which) -> int:
    """Write the recovery plan as a page for someone who is no system administrator. Asks no cloud."""
    from portinfra.render.console.terminal import write
    from portinfra.render.runbook import runbook as page

    recovery = recovery_of(session, which)
    write(page(recovery, session.program, _repeated(which), str(Path.cwd())))
    return Exit.DONE


def _repeated(which: Which) -> list[str]:
    """The options that every command on the page needs. A variable's value may be secret: it stays out."""
    options: list[str] = []
    if which.file != Path():
        options += ["-f", str(which.file)]
    for option, place in (("--source-on", which.source_on), ("--target-on", which.target_on)):
        options += [option, place] if place else []
    for file in which.var_files or ():
        options += ["--var-file", str(file)]
    for variable in which.variables or ():
        options += ["--var", f"{variable.partition('=')[0]}=…"]
    return options
