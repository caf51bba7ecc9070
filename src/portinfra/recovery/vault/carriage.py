"""Points by way of the vault: sent from the source when they are made, received in the target when they are
needed. In between they are sealed, and the ledger says what they are.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import evolve

from portinfra.errors import PortinfraError
from portinfra.execution.connection import Connection
from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.resources import Snapshot, Volume
from portinfra.model.vault import Vault
from portinfra.placement import place
from portinfra.recovery.pace import Pace
from portinfra.recovery.points import Point, snapshot_name
from portinfra.recovery.shelf import Shelf
from portinfra.recovery.subject import Recovery
from portinfra.recovery.vault.engines import ENGINES
from portinfra.recovery.vault.helpers import Helpers, Load, Receipt, receipt
from portinfra.recovery.vault.script import Errand
from portinfra.recovery.vault.store import Store

Say = Callable[[str], None]

SCHEMA = "portinfra.vault-point/1"
MANIFEST = "manifest.json"


def by_vault(point: Point) -> bool:
    """Whether a point travels by way of the vault."""
    return point.engine in ENGINES


def vault_of(recovery: Recovery) -> Vault:
    """The part of the plan's vault that is this target's alone: other topologies, and the way back, may have
    the same vault. Validation saw to it that there is one.
    """
    assert recovery.plan.vault is not None
    remote = recovery.plan.vault.remote
    between = "" if remote.endswith((":", "/")) else "/"
    mine = f"{remote}{between}{recovery.topology.name}/{recovery.target.name}"
    return evolve(recovery.plan.vault, remote=mine)


def send(
    recovery: Recovery,
    source: Connection,
    point: Point,
    snapshots: Mapping[Address, Observed[Any]],
    placed: Placed,
    pace: Pace,
    say: Say,
) -> dict[str, Any]:
    """Send all volumes of a point, whose snapshots these are; what the ledger is to say of it besides.

    Raises HelperFailed, ApplyError, FindingsError, ProviderError.
    """
    vault = vault_of(recovery)
    store = Store(vault)
    loads = [_load(volume, snapshots[volume], placed) for volume in sorted(snapshots)]
    sent = _sent_before(store, point, loads)
    helpers = Helpers(
        source,
        recovery.sending,
        vault,
        point.id,
        point.engine,
        lambda errand: errand.sending(vault),
        lambda errand: errand.sent,
        pace,
    )
    say(f"{point.group}: to the vault, point {point.id}")
    if left := [load for load in loads if load.volume not in sent]:
        with helpers.at_work(left) as (receipts, _):
            sent |= receipts
    text = _manifest(point, loads, sent)
    store.write(f"{point.id}/{MANIFEST}", text)
    return {"manifest": _digest(text), "moved": sum(each.moved for each in sent.values())}


def _load(volume: Address, snapshot: Observed[Any], placed: Placed) -> Load:
    spec = placed.resources[volume]
    assert isinstance(spec, Volume)
    return Load(volume, spec.gib, int(spec.zone), spec.key, snapshot.id)


def _sent_before(store: Store, point: Point, loads: Iterable[Load]) -> dict[Address, Receipt]:
    """What helpers sent while nobody was there to see it."""
    sent = {}
    names = store.names(point.id)
    for load in loads:
        for name in names:
            if name.startswith(f"{point.id}/{load.volume.name}.sent-"):
                text = store.read(name)
                if '"failed"' not in text:
                    sent[load.volume] = receipt(text, load.volume)
    return sent


def _manifest(point: Point, loads: Iterable[Load], sent: Mapping[Address, Receipt]) -> str:
    volumes = {
        load.volume.name: {
            "gib": load.gib,
            "digest": sent[load.volume].digest,
            "bytes": sent[load.volume].bytes,
            "object": sent[load.volume].object,
        }
        for load in loads
    }
    said = {"schema": SCHEMA, "point": point.id, "group": point.group, "engine": point.engine}
    return json.dumps({**said, "taken": point.taken, "volumes": volumes}, sort_keys=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def receive(
    recovery: Recovery, target: Connection, wanted: Iterable[Point], pace: Pace, say: Say = lambda line: None
) -> None:
    """Bring points from the vault that are needed now: afterwards each has its snapshots in the target.

    Raises HelperFailed, ApplyError, FindingsError, ProviderError.
    """
    wanted = [point for point in wanted if by_vault(point)]
    if not wanted:
        return
    there = target.observe(recovery.points)
    for point in wanted:
        if not point.parts(there):
            say(f"{point.group}: from the vault, point {point.id}")
            _receive(recovery, target, point, pace)


def _receive(recovery: Recovery, target: Connection, point: Point, pace: Pace) -> None:
    vault = vault_of(recovery)
    said = _told(Store(vault), point)
    volumes = {Address(f"volume.{name}"): told for name, told in said["volumes"].items()}
    placed = place(recovery.topology, recovery.target).resources
    loads = []
    for volume, told in sorted(volumes.items()):
        spec = placed.get(volume)
        if not isinstance(spec, Volume):
            raise PortinfraError(
                f"{recovery.target.name} has no {volume}, which point {point.id} has data for",
                fix="Declare it again, or make a new point: dr replicate --now.",
            )
        loads.append(Load(volume, max(spec.gib, told["gib"]), int(spec.zone), spec.key, None))

    def script(errand: Errand) -> str:
        told = volumes[Address(f"volume.{errand.volume}")]
        return errand.receiving(vault, told["object"], told["digest"], told["bytes"])

    helpers = Helpers(
        target,
        recovery.receiving,
        vault,
        point.id,
        point.engine,
        script,
        lambda errand: errand.received,
        pace,
        stop=True,
    )
    with helpers.at_work(loads) as (receipts, written):
        for volume, told in volumes.items():
            assert receipts[volume].digest == told["digest"], volume
        with target.run(recovery.points, borrowed=written, workers=pace.workers, seed=pace.seed) as run:
            shelf = Shelf(target, run, recovery.points, target.catalogue(), pace.listen)
            shelf.bring({(s := Snapshot(snapshot_name(v, point.id), v)).address: s for v in written})


def _told(store: Store, point: Point) -> dict[str, Any]:
    """The point's manifest in the vault, which is the one that the ledger speaks of."""
    text = store.read(f"{point.id}/{MANIFEST}")
    if _digest(text) != point.entry.said.get("manifest"):
        raise PortinfraError(
            f"point {point.id} is not in the vault as the ledger knows it",
            fix="Somebody else changed or removed it there. Make a new one; or, where the source is lost, "
            f"use an older one: dr failover --without-point {point.id}.",
        )
    said: dict[str, Any] = json.loads(text)
    return said


def prune(recovery: Recovery, kept: Iterable[str]) -> bool:
    """Remove from the vault what belongs to no point; whether this machine may."""
    store = Store(vault_of(recovery))
    if not store.may_remove:
        return False
    for folder in set(store.folders()) - set(kept) - {"restic"}:
        store.remove(folder)
    return True


def clear(recovery: Recovery, end: Connection, pace: Pace) -> None:
    """Remove helpers at one end that a run which died has left."""
    scope = recovery.sending if end.environment == recovery.source else recovery.receiving
    nobody = Helpers(end, scope, vault_of(recovery), "", "", lambda errand: "", lambda errand: "", pace)
    nobody.clear()
