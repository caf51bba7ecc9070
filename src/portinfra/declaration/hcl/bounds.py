"""How large a value may be, and how much work one attribute may take: an error comes before the memory ends.

The largest user data that a cloud takes has 256 KiB.
"""

from typing import Any

LARGEST_VALUE = 1_000_000
"""Characters and members of one value, all together."""

MOST_WORK = 10_000_000
"""Of one attribute: ten for each computed piece, and one for each character or member of its value."""

MOST_ROUNDS = 120_000
"""Of all loops of one attribute, those within others counted each time: a second of work."""

MOST_MARKS = 5_000
"""`${…}` and directives of one template: python-hcl2 takes 0.2 ms to parse one."""

SMALLER = "Make it smaller, or put large files where hosts fetch them."
"""What to do about a value that is too large."""

TOO_LARGE = f"the value has more than {LARGEST_VALUE:,} characters and members"


def is_too_large(value: Any) -> bool:
    """Whether a value has too many characters and members. What occurs twice in it counts twice."""
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
    """Raise ValueError where a text that is about to be made would be too long."""
    if characters > LARGEST_VALUE:
        raise ValueError(TOO_LARGE)


class Work:
    """What the pieces of one attribute have taken up to now."""

    def __init__(self) -> None:
        self.done = 0
        self.rounds = 0

    def is_one_round_too_many(self) -> bool:
        """Count a round of a loop; return whether there are too many by now."""
        self.rounds += 1
        return self.rounds > MOST_ROUNDS

    def is_too_much(self, value: Any) -> bool:
        """Count a piece with its value; return whether the pieces take too much by now."""
        self.done += 10 + (len(value) if isinstance(value, str | list | dict) else 0)
        return self.done > MOST_WORK
