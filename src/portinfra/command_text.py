"""Commands in texts. One function writes each, so that a reader can copy it and run it.

A finding, an error or a page names a command by its words: `command("dr", "fence", "shop")`. In Python
this is the plain command. The command line sets a writer that completes it: each command then has the name
of the program as the user called it, and the options by which that call read its declaration.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

Writer = Callable[[Sequence[str]], str]
"""Receives the words of a command without the program, and returns the command line for a shell."""

_TICKED = re.compile(r"`portinfra ([^`]+)`")


def _plain(words: Sequence[str]) -> str:
    return shlex.join(("portinfra", *words))


_writers: list[Writer] = [_plain]


def command_line(*words: str) -> str:
    """Return a command for the end of a line, quoted for a shell: `portinfra dr fence shop -f shop.hcl`."""
    return _writers[-1](words)


def command(*words: str) -> str:
    """Return a command for a sentence: the same between backticks."""
    return f"`{command_line(*words)}`"


def complete_commands(text: str) -> str:
    """Return a fixed text of portinfra's own, with each `portinfra …` between backticks completed."""
    return _TICKED.sub(lambda found: command(*found[1].split()), text)


@contextmanager
def commands_written_by(writer: Writer) -> Iterator[None]:
    """Let a writer write the commands in all texts that are made meanwhile, in every thread."""
    _writers.append(writer)
    try:
        yield
    finally:
        _writers.remove(writer)
