"""Text that was made from sensitive variables, with how it was made: what can be written in its place."""

from attrs import frozen


@frozen
class Reference:
    """A variable's value, by the variable's name."""

    variable: str


class SensitiveText(str):
    """A text that no output may hold. It equals the text that it holds, and providers are given that."""

    variables: frozenset[str]
    """The sensitive variables that it was made from."""
    pieces: tuple[str | Reference, ...]
    """What it is put together from; empty where a value was computed with, and not only put in."""

    def __new__(
        cls, text: str, variables: frozenset[str], pieces: tuple[str | Reference, ...] = ()
    ) -> "SensitiveText":
        """The text, what it was made from, and how."""
        made = super().__new__(cls, text)
        made.variables, made.pieces = variables, pieces
        return made

    def __getnewargs__(self) -> tuple[str, frozenset[str], tuple[str | Reference, ...]]:  # type: ignore[override]
        """Return what a copy is made of: `copy.deepcopy` and `pickle` call this."""
        return str(self), self.variables, self.pieces

    def __repr__(self) -> str:
        return "(sensitive)"
