"""Adapters from commands with groups of options to typer, which needs one parameter an option."""

from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from inspect import Parameter, signature
from typing import Any, get_type_hints

import typer
from attrs import NOTHING, fields, has

from portinfra.command_text import commands_written_by
from portinfra.commands.session import Session, run_guarded

Command = Callable[..., int]
"""A function of the session and of groups of options (attrs classes) or single ones: the exit code."""


def needed_commands(names: Collection[str], arguments: Sequence[str]) -> Collection[str]:
    """Return the commands that a command line needs: the one that its first argument names, else all.

    A small command would spend most of its time on importing the others and building their parsers.
    """
    return arguments[:1] if arguments and arguments[0] in names else names


def import_command(module: str, name: str) -> Callable[..., Any]:
    """Return the command of that name in a module of `portinfra.commands`, which is imported for it."""
    command: Callable[..., Any] = getattr(import_module(f"portinfra.commands.{module}"), name)
    return command


def for_typer(command: Command, session: Session, without: Collection[str] = ()) -> Callable[..., None]:
    """Return the command with one parameter an option, less those in `without`; it shows its errors."""
    groups: dict[str, tuple[type[Any] | None, tuple[str, ...]]] = {}
    spread: list[Parameter] = []
    hints = get_type_hints(command, include_extras=True)
    for parameter in list(signature(command).parameters.values())[1:]:
        kind = hints[parameter.name]
        if isinstance(kind, type) and has(kind):
            options = [option for option in _options(kind) if option.name not in without]
            groups[parameter.name] = (kind, tuple(option.name for option in options))
            spread += options
        else:
            groups[parameter.name] = (None, (parameter.name,))
            spread.append(parameter.replace(annotation=kind, kind=Parameter.KEYWORD_ONLY))

    def invoke(**given: Any) -> None:
        def run() -> int:
            arguments = {
                name: kind(**{option: given[option] for option in names}) if kind else given[names[0]]
                for name, (kind, names) in groups.items()
            }
            return command(session, **arguments)

        as_json = given.get("as_json") or given.get("format") == "json"
        with commands_written_by(session.write):
            code = run_guarded(run, session, as_json=bool(as_json))
        raise typer.Exit(code)

    invoke.__doc__ = command.__doc__
    invoke.__annotations__ = {option.name: option.annotation for option in spread}
    invoke.__signature__ = signature(invoke).replace(parameters=spread)  # type: ignore[attr-defined]
    return invoke


def _options(group: type[Any]) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(
            option.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if option.default is NOTHING else option.default,
            annotation=hints[option.name],
        )
        for option in fields(group)
    ]
