"""`status`: how old the newest restorable data of every volume is, against what may be lost.

Asks the target only.
"""

from collections.abc import Iterable
from typing import Literal

from attrs import frozen

from portinfra.execution.connection import Connection
from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.recovery import seconds
from portinfra.placement import place
from portinfra.recovery.drill import KIND as DRILL
from portinfra.recovery.fencing import standing
from portinfra.recovery.groups import Group, groups
from portinfra.recovery.ledger import Ledger
from portinfra.recovery.points import Point, digest, points
from portinfra.recovery.subject import Recovery
from portinfra.recovery.turn import turns, under_way
from portinfra.recovery.waves import moment

Level = Literal["ok", "late", "lost"]
"""`late`: older than the schedule, with some slack. `lost`: older than the rpo, or not there."""

SLACK = 1.25


@frozen
class VolumeStatus:
    """The newest restorable data of one volume."""

    volume: Address
    group: str
    level: Level
    point: str = ""
    taken: str = ""
    age: float | None = None
    """Seconds."""


@frozen
class PointStatus:
    """One point, restorable or not yet or no longer."""

    id: str
    group: str
    taken: str
    age: float
    volumes: int
    parts: int
    """How many of its snapshots are in the target."""
    restorable: bool
    in_vault: bool = False


@frozen
class RecoveryStatus:
    """What a recovery could bring back now."""

    recovery: str
    rpo: int
    volumes: tuple[VolumeStatus, ...]
    points: tuple[PointStatus, ...]
    drills: tuple[str, ...] = ()
    """Drills that died, or could not be torn down: for `sweep`."""
    under_way: str = ""
    """The failover that has begun and is not done."""
    stands: int = 0
    """The epoch since which the target stands for the source; 0 where it does not. What is written there then
    is carried nowhere before the way back.
    """

    @property
    def level(self) -> Level:
        """The worst of all volumes; late at best where the target stands, or is about to."""
        levels = {volume.level for volume in self.volumes}
        if self.under_way or self.stands:
            levels.add("late")
        return "lost" if "lost" in levels else "late" if "late" in levels else "ok"


def status(recovery: Recovery) -> RecoveryStatus:
    """What could be brought back now. Raises ProviderError where the target does not answer."""
    with Connection.to(recovery.target) as target:
        target.account()
        there = target.observe(recovery.points)
        entries = Ledger(target, recovery.ledger).entries()
        turn = standing(target, recovery.target_scope)
        now = target.provider.clock.now()
    known = points(entries)
    restorable = [point for point in known if point.restorable(there)]
    found: list[VolumeStatus] = []
    for group in groups(recovery, place(recovery.topology, recovery.source)):
        holding = [(point, _volumes_of(point, group, there)) for point in restorable]
        found += _volumes(recovery, group, holding, now)
    return RecoveryStatus(
        recovery.plan.name,
        seconds(recovery.plan.rpo),
        tuple(found),
        tuple(
            PointStatus(
                point.id,
                point.group,
                moment(point.taken),
                round(now - point.taken, 3),
                point.count,
                sum(address.name.endswith(f"-{point.id}") for address in there.resources),
                point in restorable,
                point.vaulted,
            )
            for point in known
        ),
        tuple(str(entry.said["id"]) for entry in entries if entry.kind == DRILL and entry.open),
        begun.id if (begun := under_way(turns(entries))) else "",
        0 if turn.fenced else turn.epoch,
    )


def _volumes_of(point: Point, group: Group, there: Observation) -> set[Address]:
    """The volumes that a restorable point has data of: the ledger tells them by their digest."""
    in_vault = point.vaulted and digest(group.volumes) == point.digest
    return set(group.volumes) if in_vault else set(point.parts(there))


def _volumes(
    recovery: Recovery, group: Group, known: list[tuple[Point, set[Address]]], now: float
) -> Iterable[VolumeStatus]:
    for volume in group.volumes:
        point = next((p for p, holds in known if p.group == group.name and volume in holds), None)
        if point is None:
            yield VolumeStatus(volume, group.name, "lost")
            continue
        age = now - point.taken
        level: Level = "ok"
        if age > seconds(recovery.plan.rpo):
            level = "lost"
        elif age > recovery.schedule(group.policy) * SLACK:
            level = "late"
        yield VolumeStatus(volume, group.name, level, point.id, moment(point.taken), round(age, 3))
