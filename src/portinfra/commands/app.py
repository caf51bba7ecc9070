"""The parser of the command line, with all commands."""

from typing import Annotated

import typer

from portinfra.commands.option_groups import for_typer, import_command, needed_commands
from portinfra.commands.options import FROM_FILE
from portinfra.commands.session import Session
from portinfra.version import VERSION

COMMANDS = (
    "plan",
    "apply",
    "destroy",
    "status",
    "check",
    "render",
    "graph",
    "inventory",
    "output",
    "providers",
    "image",
    "lockin",
    "move",
    "lease",
)
"""The commands. Each is a function in the module of its name: a command line imports what it names."""
FORMER_NAMES = {"claim": "lease"}
"""Commands by names of earlier versions. `--help` does not list them."""
GROUPS = ("dr", "hosts", "trust")
"""Groups of commands. The parser of each is in the module `app` of the folder of its name."""
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
    for name in needed_commands((*COMMANDS, *FORMER_NAMES, *GROUPS), session.arguments):
        if name in GROUPS:
            after = session.arguments[1:] if session.arguments[:1] == (name,) else ()
            made.add_typer(import_command(f"{name}.app", "app")(session, after, without), name=name)
            continue
        present = FORMER_NAMES.get(name, name)
        command = import_command(present, present)
        made.command(name, hidden=name in FORMER_NAMES)(for_typer(command, session, without))
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
