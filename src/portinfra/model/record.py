"""A record: a short text with a number, which a provider stores in a resource of its cloud."""

from portinfra.value import frozen

TEXT_MAX = 1200
"""The length in characters that every provider can store in a record."""


@frozen
class Record:
    """A text with a number. Each number of a scope can be created only once."""

    number: int
    text: str
    """The text. Empty where another program has damaged it, so that it cannot be read."""
