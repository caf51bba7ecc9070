"""A console on a terminal. Rich prints there, with colours."""

from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from portinfra.render.console.styled import LINES, StyledText
from portinfra.safe_text import visible


class _Terminal(Console):
    """A console that breaks no line of text, so that commands can be copied. Tables wrap in their columns."""

    def print(self, *objects: Any, **options: Any) -> None:
        shown = [visible(each, LINES) if isinstance(each, str) else each for each in objects]
        if all(isinstance(each, str | Text | StyledText) for each in shown):
            options.setdefault("soft_wrap", True)
        super().print(*shown, **options)


def terminal(stream: TextIO) -> Console:
    """Return a console on a terminal."""
    return _Terminal(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=False)
