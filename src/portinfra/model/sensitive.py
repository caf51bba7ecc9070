"""Texts that are made from sensitive variables, with how they were made: what can be written in their
place.
"""

from portinfra.value import frozen


@frozen
class Reference:
    """The value of a variable, by the variable's name."""

    variable: str


class SensitiveText(str):
    """A text that no output may show. It is equal to the plain text, and providers receive that text."""

    variables: frozenset[str]
    """The sensitive variables that it is made from."""
    pieces: tuple[str | Reference, ...]
    """The parts that it is composed of. Empty where a value was computed, and not only inserted."""

    def __new__(
        cls, text: str, variables: frozenset[str], pieces: tuple[str | Reference, ...] = ()
    ) -> "SensitiveText":
        """Create the text with the variables and parts that it is made from."""
        made = super().__new__(cls, text)
        made.variables, made.pieces = variables, pieces
        return made

    def __getnewargs__(self) -> tuple[str, frozenset[str], tuple[str | Reference, ...]]:  # type: ignore[override]
        """Return what a copy is made of: `copy.deepcopy` and `pickle` call this."""
        return str(self), self.variables, self.pieces

    def __repr__(self) -> str:
        return "(sensitive)"
