"""The parser of the command line, with all commands."""

from typing import Annotated

import typer

from portinfra.commands.apply import apply
from portinfra.commands.check import check
from portinfra.commands.destroy import destroy
from portinfra.commands.dr import app as dr
from portinfra.commands.graph import graph
from portinfra.commands.hosts import app as hosts
from portinfra.commands.image import image
from portinfra.commands.inventory import inventory
from portinfra.commands.lease import lease
from portinfra.commands.lockin import lockin
from portinfra.commands.move import move
from portinfra.commands.option_groups import for_typer, needed_commands
from portinfra.commands.options import FROM_FILE
from portinfra.commands.output import output
from portinfra.commands.plan import plan
from portinfra.commands.providers import providers
from portinfra.commands.render import render
from portinfra.commands.session import Session
from portinfra.commands.status import status
from portinfra.version import VERSION

COMMANDS = (
    plan,
    apply,
    destroy,
    status,
    check,
    render,
    graph,
    inventory,
    output,
    providers,
    image,
    lockin,
    move,
    lease,
)
FORMER_NAMES = {"claim": lease}
"""Commands by names of earlier versions. `--help` does not list them."""
GROUPS = {"dr": dr.app, "hosts": hosts.app}
"""Groups of commands."""
HELP = "One topology and one recovery plan, on AWS, GCP and libvirt."


def app(session: Session) -> typer.Typer:
    """Return the parser. A script is the declaration, so it has no options that read one from a file."""
    made = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # rich would double the time that --help takes
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_version_option)
    without = FROM_FILE if session.declared is not None else ()
    names = [*(command.__name__ for command in COMMANDS), *FORMER_NAMES, *GROUPS]
    built = needed_commands(names, session.arguments)
    for command in COMMANDS:
        if command.__name__ in built:
            made.command(command.__name__)(for_typer(command, session, without))
    for name, command in FORMER_NAMES.items():
        if name in built:
            made.command(name, hidden=True)(for_typer(command, session, without))
    for name, group in GROUPS.items():
        if name in built:
            after = session.arguments[1:] if session.arguments[:1] == (name,) else ()
            made.add_typer(group(session, after, without), name=name)
    return made


def _show_version(is_given: bool) -> None:
    if is_given:
        typer.echo(f"portinfra {VERSION}")
        raise typer.Exit


def _version_option(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    pass


_version_option.__doc__ = HELP
