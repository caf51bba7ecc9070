"""`status`: the age of the newest restorable data of every volume, compared with the rpo.

It reads the points at the waiting end, and the vault where this machine can. Of the other end it reads the
lease, the takeovers in its ledger, and whether hosts run.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from datetime import datetime

from attrs import astuple, evolve

from portinfra.errors import ProviderError
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.format import iso
from portinfra.model.duration import seconds
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.placement import place
from portinfra.recovery.groups import Group, groups
from portinfra.recovery.ledger.drills import ended_drills
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import Point, points
from portinfra.recovery.ledger.runs import REFRESH, Run, read_runs
from portinfra.recovery.points.ages import Ages, round_age
from portinfra.recovery.points.coverage import (
    Coverage,
    judge_points,
    newest_or_best,
)
from portinfra.recovery.points.kept_snapshots import KeptVolumes
from portinfra.recovery.points.locks import has_locks, locked_points, read_locks
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.leftovers import list_leftovers
from portinfra.recovery.situation.permissions import REFRESH_VERB, may, next_verbs
from portinfra.recovery.situation.refusals import next_step
from portinfra.recovery.situation.request import end_of
from portinfra.recovery.situation.situation import Authority, End, EndFacts, Situation, peer_of
from portinfra.recovery.vault.listing import list_for
from portinfra.recovery.watch.recovery_status import (
    KeptVolume,
    Level,
    PointStatus,
    RecoveryStatus,
    VolumeStatus,
)
from portinfra.validation.arguments import check_arguments

SLACK = 1.25


@check_arguments
def status(recovery: Recovery, *, through: Connection | None = None) -> RecoveryStatus:
    """Return what the waiting end could restore now. It uses the connection to the declared target that a
    caller has. Where the vault does not answer, the status says why. Raises ProviderError where the target
    does not answer.
    """
    declared = recovery.as_declared
    found = status_of_way(declared, through=through)
    if not (found.active_since and found.source_stopped) or found.turn:
        return found
    back = status_of_way(declared.reversed)
    return evolve(
        found,
        end="source",
        points_in=back.points_in,
        volumes=back.volumes,
        points=back.points,
        vault_unseen=back.vault_unseen,
        locks_unread=back.locks_unread,
        dated_ahead=back.dated_ahead,
        unreadable=(*found.unreadable, *back.unreadable),
    )


@check_arguments
def status_of_way(
    recovery: Recovery, *, ask_source: bool = True, through: Connection | None = None
) -> RecoveryStatus:
    """Return what a takeover to the target of this recovery, which may be the way back, could restore now.

    It also reads the source where that answers; without `ask_source`, portinfra makes no call to it. It uses
    the connection to the target that a caller has. Raises ProviderError where that target does not answer.
    """
    source_end = peer_of(end_of(recovery))
    with nullcontext(through) if through else Connection.to(recovery.target) as target:
        target.account()
        there = target.observe(recovery.points)
        situation = read_facts(recovery, None if ask_source else source_end, through=[target])
        contents = Ledger(target, recovery.ledger).read()
        entries = contents.entries
        now = target.now()
        is_locked = has_locks(recovery, points(entries))
        locks, locks_unread = _locks(target, there) if is_locked else ({}, "")
        here, away = situation.facts(peer_of(source_end)), situation.facts(source_end)
        kept, kept_unseen = _kept_volumes(recovery, here, away, target)
        left_behind, left_unseen = list_leftovers(recovery, situation, target)
    untold = _is_untold(source_end, away, here)
    active_since = 0 if untold else _active_since(end_of(recovery), situation)
    source_fenced = away.authority is not None and away.authority.active != source_end
    ages = Ages(points(entries), now)
    refreshes = [run for run in read_runs(entries) if run.kind == REFRESH and run.result]
    vault = list_for(recovery, ages.points, there)
    placed = place(recovery.topology, recovery.target)
    judged = {
        group: judge_points(placed, group, ages.points, there, vault) for group in groups(recovery, placed)
    }
    restorable = {point.id: each.restorable for found in judged.values() for point, each in found}
    volumes = tuple(
        status
        for group, found in judged.items()
        for status in _group_volumes(recovery, placed, group, found, ages)
    )
    return RecoveryStatus(
        recovery.plan.name,
        seconds(recovery.plan.rpo),
        volumes,
        tuple(
            evolve(
                _point_status(point, _restorable(point, restorable, there), there, ages),
                locked_until=iso(locks[point.id]) if point.id in locks else None,
            )
            for point in ages.points
        ),
        tuple(each.id for each in left_behind if each.what == "drill"),
        situation.turn,
        active_since,
        source_fenced and away.hosts == "off" if active_since and away.answers else None,
        source_fenced if away.answers else None,
        untold,
        vault.problem if None in restorable.values() else "",
        next(reversed(ended_drills(entries)), None),
        ages.warnings(),
        contents.unreadable,
        next_step(recovery, next_verbs(situation)),
        kept,
        situation=situation,
        step_is_approved=situation.turn is not None and situation.turn.waits in situation.approved_steps,
        silent=tuple(_names(recovery, situation.silent)) if ask_source else (),
        target_may_run=situation.fenced is False and situation.active == source_end and here.hosts == "on",
        last_refresh=refreshes[-1] if refreshes else None,
        refresh_overdue=may(REFRESH_VERB, situation) is None and _is_overdue(recovery, refreshes, now),
        standby_runs=situation.facts("target").hosts == "standby",
        end=end_of(recovery),
        points_in=str(recovery.target_scope),
        kept_unseen=kept_unseen,
        locks_unread=locks_unread,
        left_behind=left_behind,
        left_unseen=left_unseen,
    )


def _locks(target: Connection, there: Observation) -> tuple[Mapping[str, float], str]:
    """Return until when points are locked, and why that cannot be read. Only retention depends on locks."""
    try:
        return locked_points(there.resources, read_locks(target)), ""
    except ProviderError as error:
        return {}, str(error)


def _kept_volumes(
    recovery: Recovery, here: EndFacts, away: EndFacts, target: Connection
) -> tuple[tuple[KeptVolume, ...], tuple[str, ...]]:
    """Return the kept snapshots of replaced volumes, the target's first, and a sentence for each end where
    they cannot be read. It makes no call to an end that keeps none.
    """
    kept: list[KeptVolume] = []
    unseen: list[str] = []
    for way, facts, connected in ((recovery, here, target), (recovery.reversed, away, None)):
        if not facts.kept:
            continue
        name = way.target.name
        try:
            with nullcontext(connected) if connected else Connection.to(way.target) as place:
                volumes = KeptVolumes(way, place, Ledger(place, way.ledger), RunOptions())
                listed = volumes.list_volumes(facts.kept)
        except ProviderError as error:
            unseen.append(f"the kept snapshots of {name} cannot be read: {error.first_line}")
            continue
        kept += [KeptVolume(name, *astuple(each)) for each in listed]
    return tuple(kept), tuple(unseen)


def _names(recovery: Recovery, ends: Iterable[End]) -> Iterable[str]:
    declared = recovery.as_declared
    return (declared.source.name if end == "source" else declared.target.name for end in ends)


def _is_overdue(recovery: Recovery, refreshes: Iterable[Run], now: float) -> bool:
    every = recovery.plan.refresh_every
    if not every or not recovery.has_standby:
        return False
    passed = [datetime.fromisoformat(run.began).timestamp() for run in refreshes if run.result == "passed"]
    return max(passed, default=0.0) < now - seconds(every)


def _active_since(end: End, now: Situation) -> int:
    """Return the epoch since which an end is active; 0: it is not, or a takeover has not reached its lease.
    Where the lease was deleted, the ledgers have that epoch.
    """
    known = now.facts(end).authority
    if known is None and now.phase == "active":
        known = now.authority
    return known.epoch if known is not None and known.active == end else 0


def _is_untold(source: End, of_source: EndFacts, of_target: EndFacts) -> bool:
    """Return whether the source became active again, and the target's lease does not record that yet."""
    known = of_source.authority
    return (
        known is not None and known.active == source and known > (of_target.authority or Authority(0, source))
    )


def _restorable(point: Point, judged: Mapping[str, bool | None], there: Observation) -> bool | None:
    """Return whether a point can be restored. For a group that is not declared, its snapshots decide."""
    return judged[point.id] if point.id in judged else bool(point.parts(there))


def _point_status(point: Point, restorable: bool | None, there: Observation, ages: Ages) -> PointStatus:
    age = ages.of(point)
    return PointStatus(
        point.id,
        point.group,
        iso(point.taken),
        round_age(age.seconds),
        point.count,
        sum(address.name.endswith(f"-{point.id}") for address in there.resources),
        restorable,
        point.is_in_vault,
        age.exact,
    )


def _group_volumes(
    recovery: Recovery,
    placed: Placed,
    group: Group,
    judged: Collection[tuple[Point, Coverage]],
    ages: Ages,
) -> Iterable[VolumeStatus]:
    """Yield what a takeover would restore of each volume now, from the newest point that covers the group.

    Without such a point it restores nothing of the group. The verdicts are then about the point that covers
    most of it.
    """
    best = newest_or_best([each for each in judged if each[0].carried])
    for volume in group.volumes:
        role = placed.roles[volume]
        if best is None:
            yield VolumeStatus(volume, group.name, "lost", role=role)
            continue
        point, found = best
        verdict = next(each for each in found.verdicts if each.volume == volume)
        judged_as = VolumeStatus(
            volume, group.name, "lost", verdict=verdict.judgement, why=verdict.why, role=role
        )
        if found.restorable is False:
            yield judged_as
            continue
        age = ages.of(point)
        level: Level = "ok"
        if age.seconds is None or age.seconds > seconds(recovery.plan.rpo):
            level = "lost"
        elif age.seconds > recovery.schedule(group.policy) * SLACK or verdict.level != "ok" or not age.exact:
            level = "late"
        yield evolve(
            judged_as,
            level=level,
            point=point.id,
            taken=iso(point.taken),
            age=round_age(age.seconds),
            age_is_exact=age.exact,
        )
