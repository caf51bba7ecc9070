"""One call of the command line: its arguments, the commands that it prints, and its errors."""

import os
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from attrs import Factory

from portinfra.commands.exits import Interrupted, Misuse, exit_code
from portinfra.errors import ApplyError, PortinfraError
from portinfra.render.console.streams import OutputLost
from portinfra.value import define, frozen

if TYPE_CHECKING:
    from portinfra.declaration.declared import Declared
    from portinfra.model.outcome import Outcome

DEBUG_VARIABLE = "PORTINFRA_DEBUG"
"""The variable of the process. With the value 1, errors come with their traceback."""

VARIABLE = "--var"

DATA_LOSS = "--allow-data-loss"
"""The option that allows the loss of data. It refuses a volume that does not exist."""

PLACEHOLDER = "VALUE"
"""The text that replaces a value that may be secret in a printed command. No command accepts it."""


FILES = {"-f": "-f", "--file": "-f", "--var": VARIABLE, "--var-file": "--var-file"}
"""Options that name a declaration, by their spellings."""

ENDS = {"--source-on": "--source-on", "--target-on": "--target-on"}
PLACES = {"--topology": "--topology", "--on": "--on"}

_AGREED_AT_ONCE = re.compile(r"-y+(.*)", re.DOTALL)
"""`-y`, also with other options of one letter behind it, as the parser accepts it."""

_FILE_AT_ONCE = re.compile(r"-y*f(.*)", re.DOTALL)
"""`-f`, also with its value and behind other options of one letter, as the parser accepts it."""

OF_TWO_WORDS = {"dr", "hosts", "trust"}
"""The first words of commands that have two."""

READ_NO_DECLARATION: Set[tuple[str, ...]] = {("providers",), ("image",), ("dr", "report"), ("dr", "verify")}
"""Commands that read no declaration: portinfra prints them without its file."""


@define
class Known:
    """The facts of the declaration that printed commands need."""

    plain_variables: set[str] = Factory(set)
    """Declared variables of HCL that are not sensitive: portinfra may print their values."""
    topology: str = ""
    """The topology that this call is about, where several are declared."""
    environment: str = ""
    on: str = ""
    """The location of the environment in the declaration."""
    recovery: str = ""
    """The recovery plan that this call is about, or that its environment is in."""

    def about(
        self, declared: "Declared", topology: str, *, environment: str = "", recovery: str = ""
    ) -> None:
        """Set the topology, the environment and the recovery plan of this call."""
        self.topology = topology if len(declared.topologies) > 1 else ""
        self.environment, self.recovery = environment, recovery
        self.on = next((each.on for each in declared.environments if each.name == environment), "")


@frozen
class Session:
    """The program and its arguments."""

    program: str = "portinfra"
    """What a user types to call it: `portinfra`, or `python hello.py`."""
    arguments: tuple[str, ...] = ()
    declared: "Declared | None" = None
    """The declaration of a script that called `cli`. None: each command reads it from a file."""

    known: Known = Factory(Known)

    @property
    def again(self) -> str:
        """This command line. It has the values of variables that are known to be no secret."""
        return self._shown_line(self.arguments)

    def again_after(self, outcome: "Outcome") -> str:
        """Return this command line, to continue a failed apply, without volumes that are deleted now."""
        gone = {
            each.step.address for each in outcome.steps if each.step.phase == "remove" and each.fate == "done"
        }
        left: list[str] = []
        for argument in self.arguments:
            option, _, value = argument.rpartition("=")
            if option == DATA_LOSS and value in gone:
                continue
            if left[-1:] == [DATA_LOSS] and argument in gone:
                left.pop()
                continue
            left.append(argument)
        return self._shown_line(left)

    def reword(self, words: Sequence[str], instead: Mapping[str, Sequence[str]]) -> str:
        """Return this command line with other words for its first two, and for the options in `instead`.

        There, an option that has a value ends in `=`: `--lost=`. The result has no `--yes`: it has another
        meaning than this call, so the user has not confirmed it.
        """
        line = list(words)
        arguments = iter(self.arguments[2:])
        for argument in arguments:
            option, equals, _ = argument.partition("=")
            new = instead.get(argument if not equals else f"{option}=")
            if new is None and f"{argument}=" in instead:
                new = instead[f"{argument}="]
                next(arguments, "")
            if new is None:
                line += self._without_agreement(argument)
            elif not any(line[at : at + len(new)] == [*new] for at in range(len(line))):
                line += new
        return self._shown_line(line)

    def _without_agreement(self, argument: str) -> Sequence[str]:
        letters = _AGREED_AT_ONCE.fullmatch(argument)
        rest = f"-{letters[1]}" if letters and letters[1] else ""
        return [rest] if rest else [] if letters or argument == "--yes" else [argument]

    def _shown_line(self, arguments: Sequence[str]) -> str:
        return f"{self.program} {shlex.join(map(self._shown_argument, ('', *arguments), arguments))}"

    def write(self, words: Sequence[str]) -> str:
        """Return a command line that reads the same declaration as this one. All commands in texts come
        from here. A command without a name gets the environment or recovery plan of this call.
        """
        verbs = 2 if words[0] in OF_TWO_WORDS else 1
        verb, rest = tuple(words[:verbs]), list(words[verbs:])
        if verb in READ_NO_DECLARATION or words[-1] in ("--help", "--version"):
            return f"{self.program} {shlex.join(words)}"
        name = self.known.recovery if words[0] == "dr" else self.known.environment
        if name and "--plan" not in rest and (not rest or rest[0].startswith("-")):
            rest.insert(0, name)
        return f"{self.program} {shlex.join([*verb, *rest, *self._options_to_repeat(verb, rest)])}"

    def _options_to_repeat(self, verb: tuple[str, ...], rest: Sequence[str]) -> Iterator[str]:
        """Yield the options of this call that a command must repeat, without those that it has already."""
        here = self.known.environment
        repeated = {**FILES, **ENDS}
        if verb[0] != "dr" and rest[:1] == [here]:
            repeated |= PLACES
        elif verb[0] != "dr" and self.known.topology and "--plan" not in rest:
            yield from ("--topology", self.known.topology)
        for option, value in self._given_options(repeated):
            if option not in rest:
                yield from (option, self.variable(value) if option == VARIABLE else value)

    def _given_options(self, spellings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield each of these options that this call has, by its canonical spelling, with its value."""
        arguments = iter(self.arguments)
        for argument in arguments:
            option, equals, value = argument.partition("=")
            if argument in spellings:
                yield spellings[argument], next(arguments, "")
            elif equals and option.startswith("--") and option in spellings:
                yield spellings[option], value
            elif (short := _FILE_AT_ONCE.fullmatch(argument)) and "-f" in spellings:
                yield "-f", short[1] or next(arguments, "")

    def variable(self, text: str) -> str:
        """Return an argument of `--var` that is safe to print: `token=VALUE` for a possible secret."""
        name, _, _ = text.partition("=")
        return text if name in self.known.plain_variables else f"{name}={PLACEHOLDER}"

    def _shown_argument(self, before: str, argument: str) -> str:
        if before == VARIABLE:
            return self.variable(argument)
        option, equals, text = argument.partition("=")
        return f"{option}={self.variable(text)}" if equals and option == VARIABLE else argument

    def check_variables(self) -> None:
        """Raise Misuse for a variable without a value: the parser would take its value for something else."""
        if not all("=" in text for _, text in self._variables()):
            raise Misuse("a variable has no value", fix="Write --var NAME=VALUE.")  # the name may be a secret

    def hide_values(self, text: str) -> str:
        """Return the text without the values of `--var`, except those that are known to be no secret.

        The argument behind the value is hidden, too, if it is no option: a value with a space and without
        quotes becomes two arguments.
        """
        for place, given in self._variables():
            if given.partition("=")[0] in self.known.plain_variables:
                continue
            after = self.arguments[place + 1] if place + 1 < len(self.arguments) else ""
            values = (given.partition("=")[2] or given, "" if after.startswith("-") else after)
            for value in filter(None, values):
                for written in {value, repr(value)[1:-1]}:
                    text = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", PLACEHOLDER, text)
        return text

    def _variables(self) -> Iterator[tuple[int, str]]:
        """Yield for each `--var` the position of its last argument, and its value."""
        for place, argument in enumerate(self.arguments):
            if argument == VARIABLE:
                yield place + 1, "".join(self.arguments[place + 1 : place + 2])
            elif argument.startswith(f"{VARIABLE}="):
                yield place, argument.partition("=")[2]


def run_guarded(run: Callable[[], int], session: Session, *, as_json: bool) -> int:
    """Run a command, and return its exit code. Print its error in place of a traceback."""
    try:
        code = run()
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        error: PortinfraError = Interrupted(
            "interrupted; what is done stays", fix=f"Run it again: {session.again}"
        )
    except PortinfraError as raised:
        error = raised
    except OSError as raised:
        error = PortinfraError(f"{raised.filename or 'the system'}: {raised.strerror or raised}")
        error.__cause__ = raised
    except Exception as raised:
        error = PortinfraError(
            f"portinfra failed with an unexpected error: {type(raised).__name__}: {raised}",
            fix=f"Please report it, with the output of the same command with {DEBUG_VARIABLE}=1.",
        )
        error.__cause__ = raised
    code = exit_code(error)
    try:
        show(error, session, as_json=as_json)
        sys.stdout.flush()
    except OutputLost as lost:
        show(lost, session, as_json=False)
    return code


def show(error: PortinfraError, session: Session, *, as_json: bool) -> None:
    """Print an error and what to do next."""
    from portinfra.render.console.errors import show_error  # only what fails needs it
    from portinfra.render.console.terminal import write_json

    if isinstance(error, Misuse):
        error = Misuse(session.hide_values(str(error)), fix=session.hide_values(error.fix))
    if os.environ.get(DEBUG_VARIABLE) == "1":
        traceback.print_exception(error)
    if as_json and not isinstance(error, OutputLost):
        from portinfra.render.documents import error_document

        write_json(error_document(error, exit_code(error)))
    else:
        failed = error.outcome if isinstance(error, ApplyError) else None
        show_error(error, again=session.again_after(failed) if failed else session.again)
