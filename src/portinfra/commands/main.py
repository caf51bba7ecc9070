"""The two entry points of the command line: the program `portinfra`, and `cli(…)` at the end of a script."""

import gc
import shlex
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import evolve
from typer import BadParameter

from portinfra.command_text import commands_written_by
from portinfra.commands.app import app
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.session import Session, run_guarded
from portinfra.errors import PortinfraError
from portinfra.render.console.streams import open_streams

if TYPE_CHECKING:
    from portinfra.model.environment import Environment
    from portinfra.model.recovery import RecoveryPlan
    from portinfra.model.topology import Topology
    from portinfra.policy import PolicyRule

OBJECTS_BETWEEN_SEARCHES = 100_000
"""The number of new objects after which Python searches for reference cycles."""

# The parser raises this error for a wrong command line; typer exports only its subclass.
_UsageError: type[Exception] = BadParameter.__bases__[0]


def main() -> NoReturn:
    """Run the program `portinfra`, and end the process."""
    open_streams()
    _run(Session("portinfra", tuple(sys.argv[1:])))


def cli(
    *topologies: "Topology",
    environments: "Iterable[Environment]" = (),
    recovery: "RecoveryPlan | Iterable[RecoveryPlan]" = (),
    rules: "Iterable[PolicyRule]" = (),
) -> NoReturn:
    """Run the command line of a script, and end the process: `cli(payments, environments=[production])`.

    It has the same commands as `portinfra`, without `-f`, `--var` and `--var-file`: the script is the
    declaration. `check` and `plan` apply `rules` in addition to the built-in ones.
    """
    from portinfra.declaration.declared import Declared, declare

    open_streams()
    arguments = tuple(sys.argv[1:])
    session = Session(f"python {shlex.quote(sys.argv[0])}", arguments, Declared())
    try:
        declared = declare(topologies, environments, recovery, rules)
    except PortinfraError as error:
        refused = error

        def refuse() -> int:
            raise refused

        sys.exit(run_guarded(refuse, session, as_json="--json" in arguments))
    _run(evolve(session, declared=declared))


def _run(session: Session) -> NoReturn:
    _handle_signals()
    _collect_rarely()
    arguments = list(session.arguments)
    as_json = "--json" in arguments

    def run() -> int:
        if session.declared is None:
            session.check_variables()
        try:
            _refuse_one_hyphen(arguments)
            code = app(session)(args=arguments, prog_name=session.program, standalone_mode=False)
        except _UsageError as error:
            code = _show_misuse(error, session, as_json=as_json)
        return int(code or 0)

    with commands_written_by(session.write):
        code = run_guarded(run, session, as_json=as_json)
    sys.exit(code)


def _collect_rarely() -> None:
    """Search for reference cycles rarely: most of what a command creates, its modules, lives until it ends.

    With Python's own threshold, a plan of a small platform makes 100 searches. A long run still makes some.
    """
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES)


def _handle_signals() -> None:
    """Treat SIGTERM and SIGHUP as Ctrl-C, for a service manager that stops the process and a closed terminal.

    So calls in progress end, hooks thaw what they froze, and portinfra deletes drills.
    """
    for ending in (signal.SIGTERM, signal.SIGHUP):
        with suppress(ValueError):  # a script may call this in a thread, which cannot set signal handlers
            is_default = signal.getsignal(ending) == signal.SIG_DFL  # neither nohup nor a script set one
            if is_default:
                signal.signal(ending, signal.default_int_handler)


def _refuse_one_hyphen(arguments: list[str]) -> None:
    """Raise a usage error for an option of Terraform: the parser would read `-out=p` as `-o ut=p`."""
    for argument in arguments:
        if argument.startswith("-") and not argument.startswith("--"):
            from portinfra.declaration.terraform import advice_for_command

            if advice_for_command([argument]):
                raise _UsageError(f"No such option: {argument.partition('=')[0]}.")


def _show_misuse(error: Any, session: Session, *, as_json: bool) -> int:
    """Print the parser's error with advice, and return the exit code.

    The values of variables are hidden first: the parser would repeat any argument.
    """
    from portinfra.commands.advice import advise, nearest_options  # only what fails needs it

    commands = getattr(error.ctx.command, "commands", ()) if error.ctx else ()
    if guesses := getattr(error, "possibilities", None):
        error.possibilities = nearest_options(error.option_name, guesses)
    error.message = advise(session.hide_values(error.message), session.arguments, commands)
    if as_json:
        from portinfra.render.console.terminal import write_json
        from portinfra.render.documents import error_document

        write_json(error_document(Misuse(error.format_message()), Exit.USAGE))
    else:
        error.show()
    return Exit.USAGE
