"""Block export: reading a snapshot's data from the provider itself, where it hands that out."""

from collections.abc import Mapping
from typing import Any, Protocol

from attrs import frozen

from portinfra.model.address import Scope
from portinfra.model.environment import Environment


@frozen
class BlockReader:
    """How a host reads a snapshot's blocks of the provider itself, with no volume made of it."""

    command: str
    """Shell that writes the whole of the snapshot to standard output: zeros where nothing was written."""
    tools: tuple[str, ...]
    """Commands that must be on the host."""


class ExportsBlocks(Protocol):
    """What a `ProviderPlugin` has besides whose capabilities say `block_export`. Works offline."""

    def block_reader(self, environment: Environment, snapshot: str, gib: int) -> BlockReader:
        """How to read the snapshot of this native id, of a volume of so many GiB."""

    def block_problem(self, native: Mapping[str, Any]) -> str:
        """What a host with these options of the provider lacks to read blocks; empty: nothing."""

    def block_grants(self, environment: Environment, taken: Scope) -> str:
        """What a host must be allowed that reads snapshots of that scope, and where that is said, as a JSON
        document.
        """
