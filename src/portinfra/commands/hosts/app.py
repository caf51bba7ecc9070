"""The commands about files of hosts, put together."""

from collections.abc import Collection

import typer

from portinfra.commands.grouped import for_typer
from portinfra.commands.hosts.files import files
from portinfra.commands.hosts.status import status
from portinfra.commands.session import Session

COMMANDS = (files, status)
HELP = "The files of hosts: firewall, HAProxy, names."


def app(session: Session, without: Collection[str]) -> typer.Typer:
    """`portinfra hosts …`; options in `without` are not offered."""
    made = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    for command in COMMANDS:
        made.command(command.__name__)(for_typer(command, session, without))
    return made
