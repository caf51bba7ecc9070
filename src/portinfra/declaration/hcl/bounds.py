"""Limits of the size of a value and of the work of an attribute: an error comes before the memory is full.

The largest user data that a cloud accepts has 256 KiB.
"""

from typing import Any

LARGEST_VALUE = 1_000_000
"""The most characters and members of one value, all together."""

MOST_WORK = 10_000_000
"""The most work of one attribute: 10 for each expression, and 1 for each character or member of its value."""

MOST_ROUNDS = 120_000
"""The most rounds of all loops of one attribute, nested ones included: about a second of work."""

MOST_MARKS = 5_000
"""The most `${…}` and directives of one template: python-hcl2 takes 0.2 ms to parse one."""

SMALLER = "Make it smaller, or put large files where hosts fetch them."
"""The advice for a value that is too large."""

TOO_LARGE = f"the value has more than {LARGEST_VALUE:,} characters and members"


def is_too_large(value: Any) -> bool:
    """Return whether a value has too many characters and members. A repeated member counts each time."""
    room = LARGEST_VALUE
    ahead = [value]
    while ahead:
        item = ahead.pop()
        if isinstance(item, str | list | dict):
            room -= len(item)
        if room < 0:
            return True
        if isinstance(item, list):
            ahead += item
        elif isinstance(item, dict):
            ahead += item.keys()
            ahead += item.values()
    return False


def raise_if_too_long(characters: int) -> None:
    """Raise ValueError if a text with this number of characters would be too long."""
    if characters > LARGEST_VALUE:
        raise ValueError(TOO_LARGE)


class Work:
    """The work that the expressions of one attribute have taken."""

    def __init__(self) -> None:
        self.done: int = 0
        self.rounds: int = 0

    def is_one_round_too_many(self) -> bool:
        """Count a round of a loop. Return whether there are too many now."""
        self.rounds += 1
        return self.rounds > MOST_ROUNDS

    def is_too_much(self, value: Any) -> bool:
        """Count an expression with its value. Return whether the work is too much now."""
        self.done += 10 + (len(value) if isinstance(value, str | list | dict) else 0)
        return self.done > MOST_WORK
