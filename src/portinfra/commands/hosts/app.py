"""The parser of the commands about files of hosts."""

from collections.abc import Collection, Sequence

import typer

from portinfra.commands.hosts.files import files
from portinfra.commands.hosts.status import status
from portinfra.commands.option_groups import for_typer, needed_commands
from portinfra.commands.session import Session

COMMANDS = (files, status)
HELP = "The configuration files of hosts: firewall, HAProxy, names."


def app(session: Session, arguments: Sequence[str], without: Collection[str]) -> typer.Typer:
    """Return the parser of `portinfra hosts`, for these arguments and without the options in `without`."""
    made = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    built = needed_commands([command.__name__ for command in COMMANDS], arguments)
    for command in COMMANDS:
        if command.__name__ in built:
            made.command(command.__name__)(for_typer(command, session, without))
    return made
