"""`status`: how old the newest restorable data of every volume is, against what may be lost.

It reads the points at the end that waits, and the vault where this machine can. Of the other end it reads the
lease, the takeovers in its ledger, and whether hosts run.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from attrs import evolve, frozen

from portinfra.execution.connection import Connection
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.evidence import Kind
from portinfra.model.observed import Observation
from portinfra.model.strict import strict
from portinfra.placement import place
from portinfra.recovery.groups import Group, groups
from portinfra.recovery.ledger.drills import KIND as DRILL
from portinfra.recovery.ledger.drills import Drilled, drilled
from portinfra.recovery.ledger.entries import Unreadable
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.runs import REFRESH, Run, read_runs
from portinfra.recovery.ledger.takeovers import Turn
from portinfra.recovery.options import Pace
from portinfra.recovery.points.ages import Ages, rounded
from portinfra.recovery.points.left_aside import KeptVolumes
from portinfra.recovery.points.locks import has_locks, locked_points, read_locks
from portinfra.recovery.points.point import Point, points
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import next_verbs
from portinfra.recovery.situation.refusals import next_step
from portinfra.recovery.situation.situation import Authority, End, EndFacts, peer_of
from portinfra.recovery.situation.wish import end_of
from portinfra.recovery.vault.listing import VaultListing, held, look_for
from portinfra.validation.arguments import check_arguments
from portinfra.words import iso

Level = Literal["ok", "late", "lost"]
"""`late`: older than the schedule, with some slack; or in a vault that could not be looked into; or of a
point that is dated ahead of now. `lost`: older than the rpo, of an age that is not known, or not there.
"""

SLACK = 1.25


@frozen(field_transformer=strict)
class VolumeStatus:
    """The newest restorable data of one volume."""

    volume: Address
    group: str
    level: Level
    point: str = ""
    taken: str = ""
    """As its point says."""
    age: float | None = None
    """In seconds, and never negative; None where it is not known."""
    age_is_exact: bool = True
    """Whether it is the age. If not, the data is no older than that: the point is dated ahead of now."""


@frozen(field_transformer=strict)
class PointStatus:
    """One point, restorable or not yet or no longer."""

    id: str
    group: str
    taken: str
    age: float | None
    """In seconds, and never negative; None where it is not known."""
    volumes: int
    parts: int
    """How many of its snapshots are in the target."""
    restorable: bool | None
    """None: in a vault that could not be looked into."""
    in_vault: bool = False
    """Whether the ledger says that all of it is there."""
    age_is_exact: bool = True
    """Whether it is the age. If not, the data is no older than that."""
    locked_until: str | None = None
    """Until when nobody can delete it: UTC, ISO 8601; None: it is not locked."""


@frozen(field_transformer=strict)
class KeptVolume:
    """A snapshot of a volume that a takeover replaced."""

    environment: str
    volume: str
    snapshot: str
    """The cloud's own id."""
    until: str
    """When retention removes it: UTC, ISO 8601."""


@frozen(field_transformer=strict)
class RecoveryStatus:
    """What a recovery could bring back now."""

    recovery: str
    rpo: int
    volumes: tuple[VolumeStatus, ...]
    points: tuple[PointStatus, ...]
    drills: tuple[str, ...] = ()
    """Drills that died, or could not be torn down: for `sweep`."""
    turn: Turn | None = None
    """The failover, or the way back, that has begun and is not done."""
    stands: int = 0
    """The epoch since which the target stands for the source; 0 where it does not. What is written there then
    is carried nowhere before the way back.
    """
    source_stopped: bool | None = None
    """Of a target that stands: whether the source is fenced, and all its hosts are off; None where it could
    not be asked, and where the target does not stand.
    """
    source_fenced: bool | None = None
    """Whether the source's newest claim says that it is fenced; None where it could not be asked."""
    untold: bool = False
    """Whether the source was let in again while the target was silent, so that this may be at work, too."""
    vault_unseen: str = ""
    """Why the vault, which some of the points are in, could not be looked into."""
    last_drill: Drilled | None = None
    """The newest one that has ended."""
    dated_ahead: tuple[str, ...] = ()
    """A sentence for each point whose time lies ahead of now: the clock of a machine is wrong."""
    unreadable: tuple[Unreadable, ...] = ()
    """The entries of the ledger that cannot be read."""
    next_step: str = ""
    """The commands that are right now, in a sentence; empty: nothing is under way, and nothing is amiss."""
    kept: tuple[KeptVolume, ...] = ()
    """The snapshots of volumes that takeovers replaced, at both ends."""
    target_may_run: bool = False
    """Whether hosts of the target run although a takeover made the source active again."""
    last_refresh: Run | None = None
    """The newest refresh of the standby that has ended."""
    refresh_overdue: bool = False
    """Whether no refresh has passed for longer than the plan's `refresh_every`."""
    standby_runs: bool = False
    """Whether hosts of the target run as a standby, which the internet does not reach."""
    end: End = "target"
    """The end whose points these are: the source while the target is active and the source is fenced."""
    points_in: str = ""
    """The scope of that end: `shop/recovery`."""

    def takeover_by(self, command: Kind) -> Turn | None:
        """Return the takeover that is under way, if this command leads to it."""
        return self.turn if self.turn and self.turn.occasion == command else None

    @property
    def known_points(self) -> frozenset[str]:
        """The ids of the points that the ledger or the takeover under way names."""
        return frozenset([*(point.id for point in self.points), *(self.turn.points if self.turn else ())])

    @property
    def source_may_run(self) -> bool:
        """Whether the target stands, and nobody knows that the source is stopped."""
        return bool(self.stands) and not self.source_stopped

    @property
    def level(self) -> Level:
        """The worst of all volumes; late at best where a takeover is open, or both ends may run."""
        levels = {volume.level for volume in self.volumes}
        if self.turn or self.source_may_run or self.untold or self.target_may_run:
            levels.add("late")
        return "lost" if "lost" in levels else "late" if "late" in levels else "ok"


@check_arguments
def status(recovery: Recovery) -> RecoveryStatus:
    """Return what could be brought back now, at the end that waits. Raises ProviderError where the target
    does not answer. Where the vault does not answer, the status says why.
    """
    declared = recovery.declared
    found = status_of_way(declared)
    if not (found.stands and found.source_stopped) or found.turn:
        return found
    back = status_of_way(declared.turned)
    return evolve(
        found,
        end="source",
        points_in=back.points_in,
        volumes=back.volumes,
        points=back.points,
        vault_unseen=back.vault_unseen,
        dated_ahead=back.dated_ahead,
        unreadable=(*found.unreadable, *back.unreadable),
    )


@check_arguments
def status_of_way(recovery: Recovery, *, ask_source: bool = True) -> RecoveryStatus:
    """Return what a takeover to the target of this recovery, which may be the way back, could bring back now.

    Raises ProviderError where that target does not answer. The source is read too, where it answers; without
    `ask_source` no call is made to it.
    """
    source_end = peer_of(end_of(recovery))
    with Connection.to(recovery.target) as target:
        target.account()
        there = target.observe(recovery.points)
        situation = read_facts(recovery, None if ask_source else source_end, through=[target])
        contents = Ledger(target, recovery.ledger).read()
        entries = contents.entries
        now = target.provider.clock.now()
        is_locked = has_locks(recovery, points(entries))
        locks = locked_points(there.resources, read_locks(target)) if is_locked else {}
    here, away = situation.facts(peer_of(source_end)), situation.facts(source_end)
    untold = _is_untold(source_end, away, here)
    stands = (
        0 if untold or not here.authority or here.authority.active == source_end else here.authority.epoch
    )
    source_fenced = away.authority is not None and away.authority.active != source_end
    ages = Ages(points(entries), now)
    refreshes = [run for run in read_runs(entries) if run.kind == REFRESH and run.result]
    vault = look_for(recovery, ages.points)
    known = [(point, _restorability(point, there, vault)) for point in ages.points]
    unseen = [point for point, restorable in known if restorable is None]
    return RecoveryStatus(
        recovery.plan.name,
        seconds(recovery.plan.rpo),
        tuple(_volumes(recovery, there, known, ages)),
        tuple(
            evolve(
                _point_status(point, restorable, there, ages),
                locked_until=iso(locks[point.id]) if point.id in locks else None,
            )
            for point, restorable in known
        ),
        tuple(str(entry.said["id"]) for entry in entries if entry.kind == DRILL and entry.open),
        situation.turn,
        stands,
        source_fenced and away.hosts == "off" if stands and away.answers else None,
        source_fenced if away.answers else None,
        untold,
        vault.problem if unseen else "",
        next(reversed(drilled(entries)), None),
        ages.warnings(),
        contents.unreadable,
        next_step(recovery, next_verbs(situation)),
        (*_kept(recovery, here), *_kept(recovery.turned, away)),
        situation.fenced is False and situation.active == source_end and here.hosts == "on",
        refreshes[-1] if refreshes else None,
        _is_overdue(recovery, refreshes, now),
        situation.facts("target").hosts == "standby",
        end_of(recovery),
        str(recovery.target_scope),
    )


def _kept(recovery: Recovery, facts: EndFacts) -> Iterable[KeptVolume]:
    """Return what the target of a recovery keeps of replaced volumes. It makes no call where that is none."""
    if not facts.kept:
        return
    with Connection.to(recovery.target) as place:
        volumes = KeptVolumes(recovery, place, Ledger(place, recovery.ledger), Pace())
        for each in volumes.list_volumes(facts.kept):
            yield KeptVolume(recovery.target.name, each.volume, each.snapshot, each.kept_until)


def _is_overdue(recovery: Recovery, refreshes: Iterable[Run], now: float) -> bool:
    every = recovery.plan.refresh_every
    if not every or not recovery.has_standby:
        return False
    passed = [datetime.fromisoformat(run.began).timestamp() for run in refreshes if run.result == "passed"]
    return max(passed, default=0.0) < now - seconds(every)


def _is_untold(source: End, of_source: EndFacts, of_target: EndFacts) -> bool:
    """Return whether the source became active again, and the target's lease does not say so yet."""
    known = of_source.authority
    return (
        known is not None and known.active == source and known > (of_target.authority or Authority(0, source))
    )


def _restorability(point: Point, there: Observation, vault: VaultListing) -> bool | None:
    """Return whether a point can be restored; None: only the vault has it, and the vault does not answer."""
    if not point.restorable(there, vault.points):
        return False
    return None if vault.points is None and not point.parts(there) else True


def _point_status(point: Point, restorable: bool | None, there: Observation, ages: Ages) -> PointStatus:
    age = ages.of(point)
    return PointStatus(
        point.id,
        point.group,
        iso(point.taken),
        rounded(age.seconds),
        point.count,
        sum(address.name.endswith(f"-{point.id}") for address in there.resources),
        restorable,
        point.vaulted,
        age.exact,
    )


def _volumes(
    recovery: Recovery, there: Observation, known: list[tuple[Point, bool | None]], ages: Ages
) -> Iterable[VolumeStatus]:
    """Return the newest restorable data of every volume. `known` has each point with its restorability."""
    unseen = [point for point, restorable in known if restorable is None]
    for group in groups(recovery, place(recovery.topology, recovery.source)):
        usable = [point for point, restorable in known if restorable is not False]
        holding = [
            (point, held(recovery, point, group, there)) for point in usable if point.group == group.name
        ]
        yield from _group_volumes(recovery, group, holding, unseen, ages)


def _group_volumes(
    recovery: Recovery,
    group: Group,
    known: list[tuple[Point, frozenset[Address]]],
    unseen: list[Point],
    ages: Ages,
) -> Iterable[VolumeStatus]:
    for volume in group.volumes:
        point = next((p for p, holds in known if volume in holds), None)
        if point is None:
            yield VolumeStatus(volume, group.name, "lost")
            continue
        age = ages.of(point)
        level: Level = "ok"
        if age.seconds is None or age.seconds > seconds(recovery.plan.rpo):
            level = "lost"
        elif age.seconds > recovery.schedule(group.policy) * SLACK or point in unseen or not age.exact:
            level = "late"
        yield VolumeStatus(
            volume, group.name, level, point.id, iso(point.taken), rounded(age.seconds), age.exact
        )
