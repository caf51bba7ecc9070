"""Points by way of the vault: sent from the source when they are made, received in the target when they are
needed. In between they are sealed, and the ledger says what they are.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

from attrs import evolve

from portinfra.command_text import command
from portinfra.errors import PortinfraError, ProviderError
from portinfra.execution.connection import Connection
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.plain import Document
from portinfra.model.resources import Snapshot, Spec, Volume
from portinfra.placement import place
from portinfra.recovery.groups import groups
from portinfra.recovery.options import RunOptions
from portinfra.recovery.points.coverage import coverage
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.points.point import Point, snapshot_name
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.block_export import exports_blocks
from portinfra.recovery.vault.engines import REPOSITORY
from portinfra.recovery.vault.listing import (
    MANIFEST,
    SCHEMA,
    address_of,
    by_vault,
    digest_of,
    read_manifest,
    vault_of,
)
from portinfra.recovery.vault.repository import forget
from portinfra.recovery.vault.store import Store
from portinfra.recovery.vault.transfer_host import Receipt, Transfer, TransferHosts
from portinfra.recovery.vault.transfer_script import TransferScript

Say = Callable[[str], None]


def send(
    recovery: Recovery,
    source: Connection,
    point: Point,
    snapshots: Mapping[Address, Observed[Spec]],
    placed: Placed,
    run_options: RunOptions,
    say: Say,
) -> Document:
    """Send all volumes of a point, whose snapshots these are; what the ledger is to say of it besides.

    Raises HelperFailed, ApplyError, FindingsError, ProviderError.
    """
    vault = vault_of(recovery)
    volumes = sorted(snapshots)
    loads = [
        evolve(_load(recovery, volume, snapshots[volume], placed), first=volume == volumes[0])
        for volume in volumes
    ]
    helpers = TransferHosts(
        source,
        recovery.sending,
        vault,
        point.id,
        point.engine,
        lambda errand: errand.sending(vault),
        lambda errand: errand.sender_receipt,
        run_options,
    )
    say(f"{point.group}: to the vault, point {point.id}")
    with helpers.at_work(loads) as (sent, _):
        text = _manifest(point, loads, sent)
        Store(vault).write(f"{point.id}/{MANIFEST}", text)
    return {"manifest": digest_of(text), "moved": sum(each.moved for each in sent.values())}


def _load(recovery: Recovery, volume: Address, snapshot: Observed[Spec], placed: Placed) -> Transfer:
    spec = placed.resources[volume]
    assert isinstance(spec, Volume)
    source = exports_blocks(recovery, recovery.source)
    reader = source.block_reader(recovery.source, snapshot.id, spec.gib) if source else None
    return Transfer(volume, spec.gib, int(spec.zone), spec.key, snapshot.id, reader=reader)


def _manifest(point: Point, loads: Iterable[Transfer], sent: Mapping[Address, Receipt]) -> str:
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


def receive(
    recovery: Recovery,
    target: Connection,
    wanted: Iterable[Point],
    run_options: RunOptions,
    say: Say = lambda line: None,
    *,
    reopen: Callable[[], None] = lambda: None,
) -> None:
    """Bring points from the vault that are needed now: afterwards each has its snapshots in the target. Then
    remove what helpers an earlier run has left: they hold data in the clear, and the key to more.

    `reopen` opens the entry of this run again, where a sweep has closed it. This calls it under the lease of
    the transfer hosts, before it makes one. Raises HelperFailed, ApplyError, FindingsError, ProviderError.
    """
    if recovery.plan.vault is None:
        return
    wanted = [point for point in wanted if by_vault(point)]
    there = target.observe(recovery.points) if wanted else Observation()
    for point in not_here(recovery, wanted, there):
        say(f"{point.group}: from the vault, point {point.id}")
        _receive(recovery, target, point, run_options, reopen)
    try:
        clear(recovery, target, run_options)
    except PortinfraError as error:  # what is needed is there, and is not to wait for this
        sweep = command("dr", "sweep", recovery.plan.name)
        say(f"transfer hosts are left in {recovery.receiving}: {error}. To remove them: {sweep}")


def transfer_findings(
    recovery: Recovery, target: Connection, catalogue: Catalogue, points: Iterable[Point]
) -> list[Finding]:
    """Return what speaks against the transfer hosts that would receive these points. Makes no call."""
    placed = place(recovery.topology, recovery.target)
    declared = {group.name: group for group in groups(recovery, placed)}
    found: dict[Finding, None] = {}
    for point in points:
        loads = [
            Transfer(volume, spec.gib, int(spec.zone), spec.key, None)
            for volume in declared[point.group].volumes
            if isinstance(spec := placed.resources[volume], Volume)
        ]
        hosts = TransferHosts(
            target,
            recovery.receiving,
            vault_of(recovery),
            point.id,
            point.engine,
            lambda errand: "",
            lambda errand: "",
        )
        found |= dict.fromkeys(hosts.findings(loads, catalogue))
    return [evolve(each, message=f"hosts that receive data: {each.message}") for each in found]


def not_here(recovery: Recovery, wanted: Iterable[Point], there: Observation) -> list[Point]:
    """Return the points in the vault that have not all of their groups' data in the target, which `there`
    observes.
    """
    placed = place(recovery.topology, recovery.target)
    declared = {group.name: group for group in groups(recovery, placed)}
    return [
        point
        for point in wanted
        if point.is_in_vault
        and not point.parts(there)
        and point.group in declared
        and set(declared[point.group].volumes)
        - coverage(placed, declared[point.group], point, there, VaultListing()).sources.keys()
    ]


def _receive(
    recovery: Recovery, target: Connection, point: Point, run_options: RunOptions, reopen: Callable[[], None]
) -> None:
    vault = vault_of(recovery)
    said = read_manifest(Store(vault), point)
    volumes = {address_of(name): told for name, told in said["volumes"].items()}
    placed = place(recovery.topology, recovery.target).resources
    loads = []
    for volume, told in sorted(volumes.items()):
        spec = placed.get(volume)
        if isinstance(spec, Volume):
            loads.append(Transfer(volume, max(spec.gib, told["gib"]), int(spec.zone), spec.key, None))
        else:  # its host was removed since; a point is whole, or it is none
            loads.append(Transfer(volume, told["gib"], 0, recovery.target.key, None))

    def script(errand: TransferScript) -> str:
        told = volumes[address_of(errand.volume)]
        return errand.receiving(vault, told["object"], told["digest"], told["bytes"])

    helpers = TransferHosts(
        target,
        recovery.receiving,
        vault,
        point.id,
        point.engine,
        script,
        lambda errand: errand.receiver_receipt,
        run_options,
        stop=True,
        begin=reopen,
    )
    with helpers.at_work(loads) as (receipts, written):
        for volume, told in volumes.items():
            assert receipts[volume].digest == told["digest"], volume
        with target.start_run(
            recovery.points, borrowed=written, workers=run_options.workers, seed=run_options.seed
        ) as run:
            shelf = SnapshotStore(target, run, recovery.points, target.catalogue(), run_options.listen)
            shelf.bring({(s := Snapshot(snapshot_name(v, point.id), v)).address: s for v in written})


def prune(recovery: Recovery, kept: Collection[str]) -> str:
    """Remove from the vault what belongs to no point; in words, why not all of it could be."""
    store = Store(vault_of(recovery))
    if not store.may_remove:
        return "its receiver's configuration is not on this machine"
    try:
        folders = set(store.folders())
        for folder in sorted(folders - set(kept) - {REPOSITORY}):
            store.remove(folder)
        if REPOSITORY in folders:
            forget(store, kept)
    except ProviderError as error:
        return str(error)
    return ""


def clear(recovery: Recovery, end: Connection, run_options: RunOptions) -> None:
    """Remove helpers at one end that a run which died has left."""
    scope = recovery.sending if end.environment == recovery.source else recovery.receiving
    _of_no_point(recovery, end, scope, run_options).clear()


def has_receiving_hosts(recovery: Recovery, target: Connection) -> bool:
    """Return whether there are transfer hosts that receive, or may be: the target does not answer."""
    try:
        return target.observe(recovery.receiving).count != 0
    except ProviderError:
        return True


def hold_receiving(
    recovery: Recovery, target: Connection, run_options: RunOptions
) -> AbstractContextManager[None]:
    """Hold the lease of the transfer hosts that receive, with none of them left: no run makes one meanwhile.

    Raises LeaseHeldError.
    """
    if recovery.plan.vault is None:
        return nullcontext()
    return _of_no_point(recovery, target, recovery.receiving, run_options).hold_empty()


def _of_no_point(recovery: Recovery, end: Connection, scope: Scope, run_options: RunOptions) -> TransferHosts:
    return TransferHosts(
        end, scope, vault_of(recovery), "", "", lambda errand: "", lambda errand: "", run_options
    )
