"""How a host reads what a snapshot holds, where a provider gives its blocks out by themselves."""

from attrs import frozen


@frozen
class BlockReader:
    """How a host reads a snapshot's blocks of the provider itself, with no volume made of it."""

    command: str
    """Shell that writes all of the snapshot to standard output, zeros where nothing was ever written."""
    tools: tuple[str, ...]
    """Commands that must be on the host."""
