"""Points through the vault: the source sends them when they are made, and the target receives them when they
are needed. In between they are encrypted, and the ledger records them.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

from attrs import evolve

from portinfra.command_text import command
from portinfra.errors import PortinfraError, ProviderError
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.plain import Document
from portinfra.model.resources import Snapshot, Spec, Volume
from portinfra.placement import place
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.points import Point, snapshot_name
from portinfra.recovery.points.coverage import coverage
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.block_export import exports_blocks
from portinfra.recovery.vault.engines import REPOSITORY
from portinfra.recovery.vault.listing import (
    MANIFEST,
    SCHEMA,
    address_of,
    digest_of,
    is_by_vault,
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
    """Send all volumes of a point from its `snapshots`. Return the fields that its ledger entry gets.

    Raises TransferHostFailed, ApplyError, FindingsError, ProviderError.
    """
    vault = vault_of(recovery)
    volumes = sorted(snapshots)
    transfers = [
        evolve(_load(recovery, volume, snapshots[volume], placed), first=volume == volumes[0])
        for volume in volumes
    ]
    hosts = TransferHosts(
        source,
        recovery.sending,
        vault,
        point.id,
        point.engine,
        lambda script: script.sending_script(vault),
        lambda script: script.sender_receipt,
        run_options,
    )
    say(f"{point.group}: to the vault, point {point.id}")
    with hosts.run(transfers) as (sent, _):
        text = _manifest(point, transfers, sent)
        Store(vault).write(f"{point.id}/{MANIFEST}", text)
    return {"manifest": digest_of(text), "moved": sum(each.moved for each in sent.values())}


def _load(recovery: Recovery, volume: Address, snapshot: Observed[Spec], placed: Placed) -> Transfer:
    spec = placed.resources[volume]
    assert isinstance(spec, Volume)
    source = exports_blocks(recovery, recovery.source)
    reader = source.block_reader(recovery.source, snapshot.id, spec.gib) if source else None
    return Transfer(volume, spec.gib, int(spec.zone), spec.key, snapshot.id, reader=reader)


def _manifest(point: Point, transfers: Iterable[Transfer], sent: Mapping[Address, Receipt]) -> str:
    volumes = {
        transfer.volume.name: {
            "gib": transfer.gib,
            "digest": sent[transfer.volume].digest,
            "bytes": sent[transfer.volume].bytes,
            "object": sent[transfer.volume].object,
        }
        for transfer in transfers
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
    """Fetch the `wanted` points from the vault: afterwards each has its snapshots in the target. Then remove
    the transfer hosts that an earlier run left: they hold data in the clear, and a key that decrypts more.

    `reopen` opens the entry of this run again, where a sweep has closed it. portinfra calls it under the
    lease of the transfer hosts, before it creates one. Raises TransferHostFailed, ApplyError, FindingsError,
    ProviderError.
    """
    if recovery.plan.vault is None:
        return
    wanted = [point for point in wanted if is_by_vault(point)]
    there = target.observe(recovery.points) if wanted else Observation()
    for point in points_to_fetch(recovery, wanted, there):
        say(f"{point.group}: from the vault, point {point.id}")
        _receive(recovery, target, point, run_options, reopen)
    try:
        clear(recovery, target, run_options)
    except PortinfraError as error:  # all needed data is there; a takeover must not wait for this
        sweep = command("dr", "sweep", recovery.plan.name)
        say(f"transfer hosts are left in {recovery.receiving}: {error}. To remove them: {sweep}")


def transfer_findings(
    recovery: Recovery, target: Connection, catalogue: Catalogue, points: Iterable[Point]
) -> list[Finding]:
    """Return the findings of a plan of the transfer hosts that would receive these points. Makes no call."""
    placed = place(recovery.topology, recovery.target)
    declared = {group.name: group for group in groups(recovery, placed)}
    found: dict[Finding, None] = {}
    for point in points:
        transfers = [
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
            lambda script: "",
            lambda script: "",
        )
        found |= dict.fromkeys(hosts.findings(transfers, catalogue))
    return [evolve(each, message=f"transfer hosts: {each.message}") for each in found]


def points_to_fetch(recovery: Recovery, wanted: Iterable[Point], there: Observation) -> list[Point]:
    """Return the points in the vault whose data is not complete in the target. `there` is what the points'
    scope has there.
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
    volumes = {address_of(name): sent for name, sent in said["volumes"].items()}
    placed = place(recovery.topology, recovery.target).resources
    transfers = []
    for volume, sent in sorted(volumes.items()):
        spec = placed.get(volume)
        if isinstance(spec, Volume):
            transfers.append(Transfer(volume, max(spec.gib, sent["gib"]), int(spec.zone), spec.key, None))
        else:  # its host was removed since; a point is restored as a whole
            transfers.append(Transfer(volume, sent["gib"], 0, recovery.target.key, None))

    def render(script: TransferScript) -> str:
        sent = volumes[address_of(script.volume)]
        return script.receiving_script(vault, sent["object"], sent["digest"], sent["bytes"])

    hosts = TransferHosts(
        target,
        recovery.receiving,
        vault,
        point.id,
        point.engine,
        render,
        lambda script: script.receiver_receipt,
        run_options,
        stop=True,
        begin=reopen,
    )
    with hosts.run(transfers) as (receipts, written):
        for volume, sent in volumes.items():
            assert receipts[volume].digest == sent["digest"], volume
        with target.start_run(
            recovery.points,
            borrowed=written,
            run_options=run_options,
        ) as run:
            store = SnapshotStore(target, run, recovery.points, target.catalogue(), run_options.listen)
            store.change({(s := Snapshot(snapshot_name(v, point.id), v)).address: s for v in written})


def prune(recovery: Recovery, kept: Collection[str]) -> str:
    """Remove from the vault what belongs to no point. Return why a part of it stays; empty: none does."""
    store = Store(vault_of(recovery))
    if not store.may_remove:
        return "the receiver's configuration of the vault is not on this machine"
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
    """Remove the transfer hosts at one end that an earlier run left."""
    scope = recovery.sending if end.environment == recovery.source else recovery.receiving
    _of_no_point(recovery, end, scope, run_options).clear()


def has_receiving_hosts(recovery: Recovery, target: Connection) -> bool:
    """Return whether transfer hosts that receive exist, or may exist: the target does not answer."""
    try:
        return target.observe(recovery.receiving).count != 0
    except ProviderError:
        return True


def hold_receiving(
    recovery: Recovery, target: Connection, run_options: RunOptions
) -> AbstractContextManager[None]:
    """Hold the lease of the transfer hosts that receive, and remove them first: no run creates one meanwhile.

    Raises LeaseHeldError.
    """
    if recovery.plan.vault is None:
        return nullcontext()
    return _of_no_point(recovery, target, recovery.receiving, run_options).hold_empty()


def _of_no_point(recovery: Recovery, end: Connection, scope: Scope, run_options: RunOptions) -> TransferHosts:
    return TransferHosts(
        end, scope, vault_of(recovery), "", "", lambda script: "", lambda script: "", run_options
    )
