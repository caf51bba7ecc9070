"""A record: a small text under a number, which a provider keeps in a resource of its cloud."""

from attrs import frozen

TEXT_MAX = 1200
"""Every provider can keep a text of so many characters in a record."""


@frozen
class Record:
    """A text under a number. A number of a scope is created once."""

    number: int
    text: str
    """Empty where another program has damaged it, so that no text can be read."""
