"""The recovery commands, put together."""

from collections.abc import Collection

import typer

from portinfra.present.commands.dr.drill import drill, sweep
from portinfra.present.commands.dr.failover import failback, failover, fence
from portinfra.present.commands.dr.plan import plan
from portinfra.present.commands.dr.replicate import replicate
from portinfra.present.commands.dr.reporting import report, verify
from portinfra.present.commands.dr.runbook import runbook
from portinfra.present.commands.dr.status import status
from portinfra.present.commands.grouped import for_typer
from portinfra.present.commands.session import Session

COMMANDS = (plan, replicate, status, drill, sweep, failover, failback, fence, report, verify, runbook)
HELP = "Disaster recovery: points, drills, failover and the way back."


def app(session: Session, without: Collection[str]) -> typer.Typer:
    """`portinfra dr …`; options in `without` are not offered."""
    made = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    for command in COMMANDS:
        made.command(command.__name__)(for_typer(command, session, without))
    return made
