"""The parser of the commands about trust."""

from collections.abc import Collection, Sequence

import typer

from portinfra.commands.option_groups import for_typer, import_command, needed_commands
from portinfra.commands.session import Session

COMMANDS = ("init", "bundle", "revoke", "reopen")
"""The commands. Each is a function in the module of its name."""
HELP = "The trust of new hosts: certificate authority and tokens."


def app(session: Session, arguments: Sequence[str], without: Collection[str]) -> typer.Typer:
    """Return the parser of `portinfra trust`, for these arguments and without the options in `without`."""
    made = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    for name in needed_commands(COMMANDS, arguments):
        made.command(name)(for_typer(import_command(f"trust.{name}", name), session, without))
    return made
