"""Locks of points: for a time, no credentials of portinfra can delete their snapshots.

A provider locks snapshots where its plugin inherits `SnapshotLocks`. Before a deletion portinfra reads from
the cloud whether a snapshot is locked, as no error code reports it.
"""

from collections.abc import Collection, Iterator, Mapping

from portinfra.execution.connection import Connection
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.finding import Finding
from portinfra.model.observed import Observed
from portinfra.model.resources import Snapshot, Spec
from portinfra.provider import registry
from portinfra.provider.abilities import SnapshotLocks
from portinfra.recovery.ledger.points import Point, id_of
from portinfra.recovery.recovery import Recovery

DAY = 86_400


def lock_days(recovery: Recovery) -> int:
    """Return for how many days points are locked; 0: not at all."""
    return seconds(recovery.plan.lock) // DAY if recovery.plan.lock else 0


def has_locks(recovery: Recovery, points: Collection[Point]) -> bool:
    """Return whether portinfra has locked, or may have locked, snapshots of the target."""
    entries = (point.entry.said for point in points)
    return bool(recovery.plan.lock) or any(each.get("locked") or each.get("locking") for each in entries)


def read_locks(place: Connection) -> Mapping[str, float]:
    """Return until when each locked snapshot of an account is locked, by its native id.

    Raises ProviderError where that cannot be read.
    """
    plugin = registry.plugin_of(place.environment)
    if not isinstance(plugin, SnapshotLocks):
        return {}
    now, found = place.now(), dict[str, float]()
    for page in place.reader.pages(plugin.locks_call()):
        found.update(plugin.lock_ends(page))
    return {id: until for id, until in found.items() if until > now}


def lock_snapshots(place: Connection, snapshots: Collection[Observed[Spec]], days: int) -> None:
    """Lock snapshots for `days` from now. Raises ProviderError."""
    plugin = registry.plugin_of(place.environment)
    assert isinstance(plugin, SnapshotLocks), "validation refuses `lock` without it"
    for seen in snapshots:
        if isinstance(seen.spec, Snapshot):
            place.caller.with_retries(plugin.lock_call(seen, days))  # type: ignore[arg-type]


def locked_points(
    snapshots: Mapping[Address, Observed[Spec]], locks: Mapping[str, float]
) -> dict[str, float]:
    """Return, for each point with a locked snapshot, when its last lock ends."""
    found: dict[str, float] = {}
    for address, seen in snapshots.items():
        if until := locks.get(seen.id):
            found[id_of(address)] = max(until, found.get(id_of(address), 0.0))
    return found


def lock_findings(recovery: Recovery) -> Iterator[Finding]:
    """Yield a finding where an end has no locks, or where data goes to a vault. Offline."""
    if not recovery.plan.lock:
        return
    subject, location = f"recovery.{recovery.plan.name}", recovery.plan.location
    fix = "Remove lock, and send the data to a vault in a bucket with object lock, by age or restic."
    for provider in dict.fromkeys((recovery.source.provider, recovery.target.provider)):
        if not isinstance(registry.plugin(provider), SnapshotLocks):
            message = f"{provider} cannot lock snapshots"
            yield Finding("recovery/lock", message, fix, subject=f"{subject}.lock", location=location)
    if engines := sorted(recovery.engines - {"native"}):
        message = f"data goes to the vault by {', '.join(engines)}, and a lock applies only to snapshots"
        fix = "Remove lock, and give the bucket of the vault an object lock."
        yield Finding("recovery/lock", message, fix, subject=f"{subject}.lock", location=location)
