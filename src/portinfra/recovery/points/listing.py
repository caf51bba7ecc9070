"""What a look into the vault has found: its points, and the volumes of those whose manifests were read."""

from collections.abc import Mapping

from attrs import field, frozen

from portinfra.model.address import Address


@frozen
class VaultListing:
    """A look into the vault."""

    points: frozenset[str] | None = frozenset()
    """The ids of the points that all of is there; None: the vault could not be read."""
    problem: str = ""
    """Why not."""
    volumes: Mapping[str, Mapping[Address, int]] = field(factory=dict)
    """Point → volume → its size in GiB, of each point whose manifest was read."""
    damaged: Mapping[str, str] = field(factory=dict)
    """Point → why its manifest is not the one that the ledger has."""
