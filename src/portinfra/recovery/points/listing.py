"""The listing of a vault: its points, and the volumes of those whose manifests were read."""

from collections.abc import Mapping

from attrs import field

from portinfra.model.address import Address
from portinfra.value import frozen


@frozen
class VaultListing:
    """The points that a vault contains."""

    points: frozenset[str] | None = frozenset()
    """The ids of the complete points in the vault; None: the vault could not be read."""
    problem: str = ""
    """Why the vault could not be read."""
    volumes: Mapping[str, Mapping[Address, int]] = field(factory=dict)
    """Point → volume → its size in GiB, of each point whose manifest was read."""
    damaged: Mapping[str, str] = field(factory=dict)
    """Point → why its manifest is not as the ledger records it."""
