"""One call of the command line: where it came from, and how its errors end it."""

import os
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import Factory, define, frozen

from portinfra.commands.exits import Interrupted, Misuse, exit_code
from portinfra.errors import ApplyError, PortinfraError
from portinfra.render.console.streams import OutputLost

if TYPE_CHECKING:
    from portinfra.declaration.declared import Declared
    from portinfra.model.outcome import Outcome

DEBUG_VARIABLE = "PORTINFRA_DEBUG"
"""Set to 1, errors come with their traceback."""

VARIABLE = "--var"

DATA_LOSS = "--allow-data-loss"
"""The option that gives up data. It refuses a volume that does not exist."""

PLACEHOLDER = "VALUE"
"""What a printed command has in place of a value that may be secret. No command accepts it as a value."""


FILES = {"-f": "-f", "--file": "-f", "--var": VARIABLE, "--var-file": "--var-file"}
"""Options that name a declaration, by their spellings."""

ENDS = {"--source-on": "--source-on", "--target-on": "--target-on"}
PLACES = {"--topology": "--topology", "--on": "--on"}

_AGREED_AT_ONCE = re.compile(r"-y+(.*)", re.DOTALL)
"""`-y` as the parser reads it, too: with other options of one letter behind it."""

_FILE_AT_ONCE = re.compile(r"-y*f(.*)", re.DOTALL)
"""`-f` as the parser reads it, too: with its value, and behind other options of one letter."""

OF_TWO_WORDS = {"dr", "hosts"}
"""The first words of commands that have two."""

READ_NO_DECLARATION = {("providers",), ("image",), ("dr", "report"), ("dr", "verify")}
"""Commands that do without a declaration: a printed one does not name it."""


@define
class Known:
    """What a session learns of the declaration. Printed commands need it."""

    plain_variables: set[str] = Factory(set)
    """Variables of HCL that are declared, and not as sensitive: their values may be shown."""
    topology: str = ""
    """The topology that this call is about, where several are declared."""
    environment: str = ""
    on: str = ""
    """The place that the declaration gives the environment."""
    recovery: str = ""
    """The recovery plan that this call is about, or that its environment is in."""

    def about(
        self, declared: "Declared", topology: str, *, environment: str = "", recovery: str = ""
    ) -> None:
        """Set what this call is about."""
        self.topology = topology if len(declared.topologies) > 1 else ""
        self.environment, self.recovery = environment, recovery
        self.on = next((each.on for each in declared.environments if each.name == environment), "")


@frozen
class Session:
    """The program as it was called."""

    program: str = "portinfra"
    """What a user types to call it: `portinfra`, or `python hello.py`."""
    arguments: tuple[str, ...] = ()
    declared: "Declared | None" = None
    """What a script handed to `cli`; None: each command reads it from a file."""

    known: Known = Factory(Known)

    @property
    def again(self) -> str:
        """This very command line. The value of a variable is in it where that is known to be no secret."""
        return self._shown_line(self.arguments)

    def again_after(self, outcome: "Outcome") -> str:
        """This command line, to go on after an apply that failed: it no longer gives up data that is gone."""
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
        """Return this command line with other words for its own two, and with other words for some options:
        `instead` has them, by option. An option that has a value is written with `=` there: `--lost=`. The
        command agrees to nothing, as it has another meaning than this call: `--yes` is left out.
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
        """Return a command line that means the same declaration as this one: the writer of all commands in
        texts. A command without a name gets the environment or recovery plan that this call is about.
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
        """Return the options of this call that a command needs, too: those of its own it has already."""
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
        """Return what this call gives to some options, each by its one spelling."""
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
        """What is given to `--var` as it may be shown: `token=VALUE`, where it may be a secret."""
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
        """Return the text without what was given to `--var`, and without what follows that and is no option:
        a value that has a blank and no quotes ends there. Values that are known to be no secret stay.
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
        """Return what is given to each `--var`, and the place where it ends among the arguments."""
        for place, argument in enumerate(self.arguments):
            if argument == VARIABLE:
                yield place + 1, "".join(self.arguments[place + 1 : place + 2])
            elif argument.startswith(f"{VARIABLE}="):
                yield place, argument.partition("=")[2]


def run_guarded(run: Callable[[], int], session: Session, *, as_json: bool) -> int:
    """Run a command to its exit code; show its error in place of a traceback."""
    try:
        code = run()
        sys.stdout.flush()
        return code
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
    code = exit_code(error)
    try:
        show(error, session, as_json=as_json)
        sys.stdout.flush()
    except OutputLost as lost:
        show(lost, session, as_json=False)
    return code


def show(error: PortinfraError, session: Session, *, as_json: bool) -> None:
    """Show what went wrong, and what to do."""
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
