"""What the vault contains: the manifests of its points."""

import hashlib
import json
from collections.abc import Collection, Iterable

from attrs import evolve

from portinfra.errors import PortinfraError, ProviderError
from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.plain import Document
from portinfra.model.vault import Vault
from portinfra.placement import place
from portinfra.recovery.groups import digest, groups
from portinfra.recovery.ledger.points import Point
from portinfra.recovery.points.coverage import coverage
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.engines import ENGINES
from portinfra.recovery.vault.rclone import path_in
from portinfra.recovery.vault.store import Store

SCHEMA = "portinfra.vault-point/2"
MANIFEST = "manifest.json"


def is_by_vault(point: Point) -> bool:
    """Return whether the vault carries a point."""
    return point.engine in ENGINES


def vault_of(recovery: Recovery) -> Vault:
    """Return the vault with the folder of this target alone: other topologies, and the way back, may use the
    same vault. Validation ensures that the plan has one.
    """
    assert recovery.plan.vault is not None
    mine = path_in(recovery.plan.vault.remote, f"{recovery.topology.name}/{recovery.target.name}")
    return evolve(recovery.plan.vault, remote=mine)


def digest_of(text: str) -> str:
    """Return the digest of a manifest, as the ledger records it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def list_vault(recovery: Recovery) -> VaultListing:
    """Return which points the vault contains, or why this machine cannot list it. A sender writes the
    manifest last, so a point without one is incomplete.
    """
    if recovery.plan.vault is None:
        return VaultListing()
    try:
        return VaultListing(frozenset(Store(vault_of(recovery)).folders_with(MANIFEST)))
    except ProviderError as error:
        return VaultListing(None, str(error))


def list_for(recovery: Recovery, points: Iterable[Point], there: Observation) -> VaultListing:
    """Return what the vault contains, as far as `points`, the newest first, depend on it. Where no point is
    in the vault, nothing is read. `there` is what the points' scope has in the target.
    """
    known = list(points)
    if not any(point.is_in_vault for point in known):
        return VaultListing()
    return read_manifests(recovery, list_vault(recovery), known, there)


def read_manifests(
    recovery: Recovery, listing: VaultListing, points: Collection[Point], there: Observation
) -> VaultListing:
    """Return the listing with the manifests that decide what can be restored. For each group, they are those
    of its newest points, until one covers it, and of older points that have other volumes than it has now.
    Of points of groups that are no longer declared, it is the manifest of the newest with the same volumes.
    """
    placed = place(recovery.topology, recovery.target)
    declared = groups(recovery, placed)
    for group in declared:
        covered = False
        for point in points:
            if point.group != group.name or not point.carried:
                continue
            is_only_there = _is_only_there(point, listing, there)
            if is_only_there and not (covered and point.digest == digest(group.volumes)):
                listing = _read_manifest(recovery, listing, point)
            covered = covered or coverage(placed, group, point, there, listing).restorable is True
    names, known = {group.name for group in declared}, {digest(group.volumes) for group in declared}
    for point in points:  # of a former group: only the manifest has its volumes
        if point.group not in names and point.digest not in known and _is_only_there(point, listing, there):
            known.add(point.digest)
            listing = _read_manifest(recovery, listing, point)
    return listing


def _is_only_there(point: Point, listing: VaultListing, there: Observation) -> bool:
    """Return whether the vault has the point, and the target does not."""
    return point.carried and point.id in (listing.points or ()) and not point.parts(there)


def _read_manifest(recovery: Recovery, listing: VaultListing, point: Point) -> VaultListing:
    try:
        manifest = read_manifest(Store(vault_of(recovery)), point)
    except ProviderError:
        return listing
    except PortinfraError as error:
        return evolve(listing, damaged={**listing.damaged, point.id: str(error)})
    volumes = {address_of(name): int(volume["gib"]) for name, volume in manifest["volumes"].items()}
    return evolve(listing, volumes={**listing.volumes, point.id: volumes})


def address_of(volume: str) -> Address:
    """Return the address of a volume from its name in a manifest."""
    return Address(f"volume.{volume}")


def read_manifest(store: Store, point: Point) -> Document:
    """Return the point's manifest from the vault. Raises PortinfraError where it is not as the ledger
    records.
    """
    text = store.read(f"{point.id}/{MANIFEST}")
    if digest_of(text) != point.entry.said.get("manifest"):
        raise PortinfraError(
            f"the manifest of point {point.id} in the vault is not as the ledger records it",
            fix="Another person or program changed or removed it. Make a new point. Where the source is "
            f"lost, take over from an older one: the same command with --without-point {point.id}.",
        )
    manifest: Document = json.loads(text)
    if manifest["schema"] != SCHEMA:
        raise PortinfraError(
            f"point {point.id} has the schema {manifest['schema']}, not {SCHEMA}", fix="Make a new point."
        )
    return manifest
