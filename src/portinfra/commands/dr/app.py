"""The parser of the recovery commands."""

from collections.abc import Collection, Sequence

import typer

from portinfra.commands.dr.approve import approve
from portinfra.commands.dr.drill import drill, drills, sweep
from portinfra.commands.dr.evidence import report, verify
from portinfra.commands.dr.failover import abandon, failback, failover, fence
from portinfra.commands.dr.plan import plan
from portinfra.commands.dr.refresh import refresh
from portinfra.commands.dr.replicate import replicate
from portinfra.commands.dr.runbook import runbook
from portinfra.commands.dr.status import status
from portinfra.commands.option_groups import for_typer, needed_commands
from portinfra.commands.session import Session

COMMANDS = (
    plan,
    replicate,
    status,
    drill,
    drills,
    sweep,
    refresh,
    failover,
    failback,
    approve,
    abandon,
    fence,
    report,
    verify,
    runbook,
)
HELP = "Disaster recovery: points, drills, failover and failback."


def app(session: Session, arguments: Sequence[str], without: Collection[str]) -> typer.Typer:
    """Return the parser of `portinfra dr`, for these arguments and without the options in `without`."""
    made = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    built = needed_commands([command.__name__ for command in COMMANDS], arguments)
    for command in COMMANDS:
        if command.__name__ in built:
            made.command(command.__name__)(for_typer(command, session, without))
    return made
