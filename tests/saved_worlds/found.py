"""What this version of portinfra finds in a world, in lines that can be read, written down and compared."""

import json
from collections.abc import Iterator
from typing import Any

from portinfra import dr
from portinfra.execution.connection import Connection
from portinfra.format import iso
from portinfra.lease import list_leases
from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.resources import Snapshot, Spec, public_fields
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.watch.recovery_status import RecoveryStatus

NOT_READ_AT_FIRST = frozenset({"size_gib"})
"""What versions later than 0.1.0 read of a snapshot: no file of a saved world says it."""

Found = dict[str, list[str]]
"""Section → its lines."""


def find(about: Recovery) -> Found:
    """Return everything that can be read of a world."""
    back = about.reversed
    return {
        "production": list(_resources(about.source, about.source_scope)),
        "recovery": list(_resources(about.target, about.target_scope)),
        "points in production": list(_resources(about.source, back.points)),
        "points in recovery": list(_resources(about.target, about.points)),
        "leases of production": list(_leases(about, about.source)),
        "leases of recovery": list(_leases(about, about.target)),
        "ledger in production": list(_entries(about.source, back.ledger)),
        "ledger in recovery": list(_entries(about.target, about.ledger)),
        "status": list(_status(dr.status(about))),
    }


def _resources(environment: Environment, scope: Scope) -> Iterator[str]:
    with Connection.to(environment) as there:
        observation = there.observe(scope)
    assert not observation.unknown
    assert not observation.unexplained
    for address, seen in sorted(observation.resources.items()):
        assert not seen.extras
        known = {
            n: value for n, value in public_fields(seen.spec).items() if value and not _is_later(seen.spec, n)
        }
        attributes = " ".join(f"{name}={_plain(value)}" for name, value in known.items())
        yield f"{address} {seen.id} {seen.state} {attributes}"


def _is_later(spec: Spec, attribute: str) -> bool:
    return isinstance(spec, Snapshot) and attribute in NOT_READ_AT_FIRST


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_plain(each) for each in value) + "]"
    return json.dumps(dict(value), sort_keys=True) if hasattr(value, "items") else str(value)


def _leases(about: Recovery, environment: Environment) -> Iterator[str]:
    for lease in list_leases(about.topology, environment):
        holder = f"{lease.holder_identity.user}@{lease.holder_identity.host} {lease.holder_identity.machine}"
        state = "released" if lease.released else "held"
        role = "fenced" if lease.fenced else "active"
        version = f"by {lease.version} at {lease.acquire_time}"
        peer = f" peer={lease.peer}" if lease.peer else ""
        yield f"{lease.number} {holder} {state} epoch={lease.epoch} {role} {version}{peer}"


def _entries(environment: Environment, scope: Scope) -> Iterator[str]:
    with Connection.to(environment) as there:
        ledger = Ledger.after_settling(there, scope)
        assert not ledger.unreadable()
        for entry in ledger.entries():
            state = "open" if entry.open else "done"
            yield f"{entry.number} {entry.kind} {state} {json.dumps(dict(entry.said), sort_keys=True)}"


def _status(status: RecoveryStatus) -> Iterator[str]:
    yield f"{status.level}: active since {iso(status.active_since)}, source stopped: {status.source_stopped}"
    if status.turn:
        turn = status.turn
        yield f"takeover {turn.id} {turn.occasion} epoch={turn.epoch} open={turn.open}"
    for point in status.points:
        yield f"point {point.id} of {point.group} taken {point.taken}, restorable: {point.restorable}"
    for volume in status.volumes:
        yield f"{volume.volume} of {volume.group}: {volume.level}, point {volume.point} taken {volume.taken}"
    if status.last_drill:
        drill = status.last_drill
        yield f"last drill {drill.id} began {drill.began} {drill.result}, recovered in {drill.rto_measured} s"
    yield f"drills to sweep: {len(status.drills)}"
