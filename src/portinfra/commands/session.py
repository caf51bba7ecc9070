"""One call of the command line: where it came from, and how its errors end it."""

import os
import shlex
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen

from portinfra.commands.exits import Exit, Interrupted, exit_code
from portinfra.declaration.declared import Declared
from portinfra.errors import PortinfraError

if TYPE_CHECKING:
    from portinfra.policy import PolicyRule

DEBUG_VARIABLE = "PORTINFRA_DEBUG"
"""Set to 1, errors come with their traceback."""


@frozen
class Session:
    """The program as it was called."""

    program: str = "portinfra"
    """What a user types to call it: `portinfra`, or `python hello.py`."""
    arguments: tuple[str, ...] = ()
    declared: Declared | None = None
    """What a script handed to `cli`; None: each command reads it from a file."""
    rules: "tuple[PolicyRule, ...]" = ()
    """Rules of a script's own, which `plan`, `apply` and `check` hold to as well."""

    def command(self, *arguments: str) -> str:
        """A command line that a user can paste."""
        return f"{self.program} {shlex.join(arguments)}"

    @property
    def again(self) -> str:
        """This very command line, without the values of variables: each may be a secret."""
        before = ("", *self.arguments)
        return self.command(*map(_without_value, before, self.arguments))


def _without_value(before: str, argument: str) -> str:
    """An argument as it may be shown: `--var token=VALUE`."""
    option, equals, given = argument.partition("=") if argument.startswith("--var=") else ("", "", argument)
    if before != "--var" and not option:
        return argument
    return f"{option}{equals}{given.partition('=')[0]}=VALUE"


def run_guarded(run: Callable[[], int], session: Session, *, as_json: bool) -> int:
    """Run a command to its exit code; show its error in place of a traceback."""
    try:
        code = run()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read the output has closed it (`… | head`): that is no failure of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except KeyboardInterrupt:
        error: PortinfraError = Interrupted(
            "interrupted; whatever was done stays", fix=f"Run it again: {session.again}"
        )
    except PortinfraError as raised:
        error = raised
    except OSError as raised:
        error = PortinfraError(f"{raised.filename or 'the system'}: {raised.strerror or raised}")
        error.__cause__ = raised
    except Exception as raised:
        error = PortinfraError(
            f"portinfra failed in a way that it does not know: {type(raised).__name__}: {raised}",
            fix=f"Please report it, with what {DEBUG_VARIABLE}=1 shows.",
        )
        error.__cause__ = raised
    show(error, session, as_json=as_json)
    return exit_code(error)


def show(error: PortinfraError, session: Session, *, as_json: bool) -> None:
    """Show what went wrong, and what to do."""
    from portinfra.render.console.errors import show_error  # only what fails needs it
    from portinfra.render.console.terminal import write_json

    if os.environ.get(DEBUG_VARIABLE) == "1":
        traceback.print_exception(error)
    if as_json:
        from portinfra.render.documents import error_document

        write_json(error_document(error, exit_code(error)))
    else:
        show_error(error, again=session.again)
