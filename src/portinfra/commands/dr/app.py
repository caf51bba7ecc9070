"""The parser of the recovery commands."""

from collections.abc import Collection, Sequence

import typer

from portinfra.commands.option_groups import for_typer, import_command, needed_commands
from portinfra.commands.session import Session

COMMANDS = {
    "plan": "plan",
    "replicate": "replicate",
    "status": "status",
    "drill": "drill",
    "drills": "drill",
    "sweep": "drill",
    "refresh": "refresh",
    "failover": "failover",
    "failback": "failover",
    "approve": "approve",
    "abandon": "failover",
    "fence": "failover",
    "report": "evidence",
    "verify": "evidence",
    "runbook": "runbook",
}
"""The modules of the commands, by name."""
HELP = "Disaster recovery: points, drills, failover and failback."


def app(session: Session, arguments: Sequence[str], without: Collection[str]) -> typer.Typer:
    """Return the parser of `portinfra dr`, for these arguments and without the options in `without`."""
    made = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    for name in needed_commands(COMMANDS, arguments):
        made.command(name)(for_typer(import_command(f"dr.{COMMANDS[name]}", name), session, without))
    return made
