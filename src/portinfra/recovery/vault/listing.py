"""What the vault holds: the manifests of its points."""

import hashlib
import json
from collections.abc import Iterable

from attrs import evolve, frozen

from portinfra.errors import PortinfraError, ProviderError
from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.plain import Document
from portinfra.model.vault import Vault
from portinfra.recovery.groups import Group
from portinfra.recovery.points.point import Point, digest
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.engines import ENGINES
from portinfra.recovery.vault.rclone import path_in
from portinfra.recovery.vault.store import Store

SCHEMA = "portinfra.vault-point/2"
MANIFEST = "manifest.json"


def by_vault(point: Point) -> bool:
    """Whether a point travels by way of the vault."""
    return point.engine in ENGINES


def vault_of(recovery: Recovery) -> Vault:
    """The part of the plan's vault that is this target's alone: other topologies, and the way back, may have
    the same vault. Validation saw to it that there is one.
    """
    assert recovery.plan.vault is not None
    mine = path_in(recovery.plan.vault.remote, f"{recovery.topology.name}/{recovery.target.name}")
    return evolve(recovery.plan.vault, remote=mine)


def digest_of(text: str) -> str:
    """Return the digest of a manifest, as the ledger has it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@frozen
class VaultListing:
    """A look into the vault."""

    points: frozenset[str] | None = frozenset()
    """The ids of the points that all of is there; None: the vault could not be read."""
    problem: str = ""
    """Why not."""


def look(recovery: Recovery) -> VaultListing:
    """What the vault holds, as far as this machine can look. A manifest is the last thing to be written."""
    if recovery.plan.vault is None:
        return VaultListing()
    try:
        return VaultListing(frozenset(Store(vault_of(recovery)).holding(MANIFEST)))
    except ProviderError as error:
        return VaultListing(None, str(error))


def look_for(recovery: Recovery, points: Iterable[Point]) -> VaultListing:
    """Return what the vault holds, as far as `points` depend on it. Without a point that lies there, nothing
    is read.
    """
    return look(recovery) if any(point.vaulted for point in points) else VaultListing()


def held(recovery: Recovery, point: Point, group: Group, there: Observation) -> frozenset[Address]:
    """The volumes that a point which can be restored has data of.

    `there` is what the points' scope holds. A point of other volumes than the group has now (a host was
    added, or removed) is looked up in the vault, if that is where it lies.
    """
    if parts := point.parts(there):
        return frozenset(parts)
    if point.digest == digest(group.volumes):
        return frozenset(group.volumes)
    try:
        told = read_manifest(Store(vault_of(recovery)), point)
    except PortinfraError:
        return frozenset()
    return frozenset(map(address_of, told["volumes"]))


def address_of(volume: str) -> Address:
    """Return the address of a volume from its name in a manifest."""
    return Address(f"volume.{volume}")


def read_manifest(store: Store, point: Point) -> Document:
    """The point's manifest in the vault, which is the one that the ledger speaks of."""
    text = store.read(f"{point.id}/{MANIFEST}")
    if digest_of(text) != point.entry.said.get("manifest"):
        raise PortinfraError(
            f"point {point.id} is not in the vault as the ledger knows it",
            fix="Another person or program changed or removed it. Make a new one; or, where the source is "
            f"lost, take over from an older one: the same command with --without-point {point.id}.",
        )
    said: Document = json.loads(text)
    if said["schema"] != SCHEMA:
        raise PortinfraError(f"point {point.id} is {said['schema']}, not {SCHEMA}", fix="Make a new one.")
    return said
