"""Points on their way to the waiting end, of this run or an earlier one: copied or sent, then locked."""

from collections.abc import Collection, Mapping

from portinfra.errors import ApplyError, PortinfraError, ProviderError
from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Snapshot, Spec, Volume
from portinfra.placement import place
from portinfra.recovery.ledger.points import Point, id_of, points, volume_of
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.locks import DAY, lock_days, lock_snapshots
from portinfra.recovery.replication.retention import has_arrived
from portinfra.recovery.replication.work import Work
from portinfra.recovery.vault.listing import is_by_vault
from portinfra.recovery.vault.transfer import send
from portinfra.recovery.vault.transfer_host import TransferHostFailed


def carry_points(work: Work, lost: Collection[str]) -> None:
    """Carry every point that has not arrived, the oldest first. Then record the arrival in the ledger.

    Points whose ids are `lost` can never be carried.
    """
    known = points(work.ledger.entries())
    on_their_way = [point for point in known if not point.carried and point.id not in lost]
    taken = work.source.snapshots()
    for point in reversed(on_their_way):
        if is_by_vault(point):
            _send(work, point, {volume_of(a): seen for a, seen in taken.items() if id_of(a) == point.id})
    _copy(work, [point for point in on_their_way if not is_by_vault(point)], taken)


def lock_points(work: Work) -> None:
    """Lock the snapshots of each arrived point that was never locked, where the plan locks points."""
    if not (days := lock_days(work.recovery)):
        return
    arrived, known = work.target.snapshots(), points(work.ledger.entries())
    ages = Ages(known, work.target.now)
    for point in known:
        age = ages.of(point).seconds
        mine = [seen for address, seen in arrived.items() if id_of(address) == point.id]
        if point.entry.said.get("locked") or not mine or not has_arrived(point, arrived):
            continue
        if not point.carried or age is None or age >= days * DAY:
            continue
        entry = point.entry
        if not entry.said.get("locking"):  # a run that dies after this write may have locked some snapshots
            entry = work.ledger.rewrite(entry, {**entry.said, "locking": True})
        try:
            lock_snapshots(work.target.connection, mine, days)
        except ProviderError as error:
            work.fail_point(point, f"point {point.id} is not locked: {error}")
            continue
        until = round(work.target.now + days * DAY, 3)
        work.ledger.rewrite(entry, {**entry.said, "locked": until})


def _send(work: Work, point: Point, snapshots: Mapping[Address, Observed[Spec]]) -> None:
    try:
        with work.source.run.keep_lease(), work.target.run.keep_lease():  # a transfer may take hours
            fields = send(
                work.recovery,
                work.source.connection,
                point,
                snapshots,
                work.placed,
                work.run_options,
                work.say,
            )
    except PortinfraError as error:
        work.fail_point(point, error.first_line)
        if isinstance(error, TransferHostFailed):  # the next point will be newer
            work.ledger.remove(point.entry)
        return
    work.ledger.rewrite(point.entry, {**point.entry.said, **fields, "open": False})
    work.finish(point, fields["moved"])


def _copy(work: Work, known: list[Point], taken: Mapping[Address, Observed[Spec]]) -> None:
    declared = place(work.recovery.topology, work.recovery.target).resources
    keys = {address: spec.key for address, spec in declared.items() if isinstance(spec, Volume)}
    wanted: dict[Address, Spec] = {}
    for address, seen in taken.items():
        if id_of(address) in {point.id for point in known}:
            copy_of = f"{work.recovery.source.region}/{seen.id}"
            key = keys.get(volume_of(address), work.recovery.target.key)  # the volume may be undeclared since
            wanted[address] = Snapshot(address.name, copy_of=copy_of, key=key)
    try:
        work.target.change(wanted)
        problem = ""
    except ApplyError as error:
        problem = error.first_line
    arrived = work.target.snapshots()
    whole = [point for point in known if has_arrived(point, arrived)]
    work.ledger.rewrite_all((point.entry, {**point.entry.said, "open": False}) for point in whole)
    for point in known:
        if point in whole:
            work.finish(point)
        else:
            work.fail_point(point, problem or "not all of its snapshots arrived")
