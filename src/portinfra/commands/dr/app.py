"""The recovery commands, put together."""

from collections.abc import Collection

import typer

from portinfra.commands.dr.drill import drill, drills, sweep
from portinfra.commands.dr.failover import abandon, failback, failover, fence
from portinfra.commands.dr.prospect import plan
from portinfra.commands.dr.refresh import refresh
from portinfra.commands.dr.replicate import replicate
from portinfra.commands.dr.reporting import report, verify
from portinfra.commands.dr.runbook import runbook
from portinfra.commands.dr.status import status
from portinfra.commands.grouped import for_typer
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
    abandon,
    fence,
    report,
    verify,
    runbook,
)
HELP = "Disaster recovery: points, drills, failover and the way back."


def app(session: Session, without: Collection[str]) -> typer.Typer:
    """`portinfra dr …`; options in `without` are not offered."""
    made = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    for command in COMMANDS:
        made.command(command.__name__)(for_typer(command, session, without))
    return made
