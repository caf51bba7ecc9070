"""Advice for a command line that the parser refuses."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches

from portinfra.declaration.terraform import advice_for_command

DELETING = "destroy"
"""The command that deletes. A word that only resembles it, such as `deploy`, is no misspelling of it."""

DELETING_ALIKE = 0.85
"""The least likeness (0 to 1) of a word and the command that deletes, before an error suggests it."""

OPTION_ALIKE = 0.75
"""The least likeness (0 to 1) of an option's name and a known one, before an error suggests it."""

_UNKNOWN = re.compile(r"(No such command (?P<quote>['\"])(?P<word>.*?)(?P=quote)\.).*", re.DOTALL)


def advise(message: str, arguments: Sequence[str], commands: Iterable[str]) -> str:
    """Return the parser's message with advice. `commands` are those that a user may write there."""
    unknown = _UNKNOWN.fullmatch(message)
    if unknown:
        message = unknown[1]  # without the guess of the parser
    if found := advice_for_command(arguments):
        return f"{message.removesuffix('.')}. {found}"
    near = nearest_command(unknown["word"], commands) if unknown else ""
    return f"{message} Did you mean {near!r}?" if near else message


def nearest_options(option: str, guesses: Iterable[str]) -> list[str]:
    """Return those guesses of the parser that resemble a misspelled or shortened option.

    The parser compares the hyphens, too, so it guesses `--on` for `--json`.
    """
    name = option.lstrip("-")

    def is_near(guess: str) -> bool:
        other = guess.lstrip("-")
        if name.startswith(other) or other.startswith(name):
            return True
        return SequenceMatcher(None, name, other).ratio() >= OPTION_ALIKE

    return [guess for guess in guesses if is_near(guess)]


def nearest_command(word: str, commands: Iterable[str]) -> str:
    """Return the command that a word resembles; empty: none does."""
    known = sorted(commands)
    if not get_close_matches(word, [DELETING], cutoff=DELETING_ALIKE):
        known = [name for name in known if name != DELETING]
    return next(iter(get_close_matches(word, known, n=1)), "")
