"""What to do about a name that nobody knows."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The nearest known name, else all of them; `otherwise` where there are none."""
    choices = sorted(set(known))
    near = difflib.get_close_matches(name, choices, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known are {', '.join(choices)}." if choices else otherwise
