"""The evidence of a drill or a takeover: its measures compared with the plan."""

from collections.abc import Iterable, Sequence

from attrs import frozen

from portinfra.command_text import command
from portinfra.format import duration, iso
from portinfra.model.duration import seconds
from portinfra.model.evidence import BothRan, Evidence, PointUsed
from portinfra.recovery.ledger.ledger import Contents
from portinfra.recovery.ledger.points import Point
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.points.ages import Ages, round_age
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.takeover.bring_up import BringUp
from portinfra.recovery.takeover.check_depth import list_looked_at, unread_lines
from portinfra.version import VERSION


@frozen
class OwnData:
    """That a group came up from own volumes of the end that takes over."""

    group: str
    age: float
    """The data was no older than this, in seconds."""


def both_ran(turn: TakeoverEntry) -> BothRan | None:
    """Return in which time hosts of both ends may have run, before this takeover or during it."""
    began, ended = turn.both_from, turn.both_until
    # A lost end that no run has reached since may not have run at all.
    ran_on = turn.ran_on_from
    stops = [each for each in (turn.fenced_at, turn.partly_fenced_at) if each is not None]
    if ended is None and ran_on is not None and any(each >= ran_on for each in stops):
        began, ended = ran_on if began is None else began, turn.fenced_at
    if began is None:
        return None
    took = None if ended is None else round(max(0.0, ended - began), 3)
    return BothRan(iso(began), None if ended is None else iso(ended), took)


def both_run_line(recovery: Recovery, running: Sequence[str]) -> str:
    """Return in words that hosts of the source run though the takeover had stopped them."""
    fence = command("dr", "fence", recovery.plan.name)
    return f"hosts of {recovery.source.name} run again ({', '.join(running)}): {fence} stops them"


def unread_entries(contents: Contents, used: Iterable[Point]) -> tuple[str, ...]:
    """Return the entries that cannot be read and are newer than one of these points; all, without points."""
    oldest = min((point.number for point in used), default=0)
    return tuple(str(each) for each in contents.unreadable if each.number > oldest)


def to_evidence(
    bring_up: BringUp,
    id: str,
    used: Sequence[Point | OwnData],
    ages: Ages,
    *,
    began: float,
) -> Evidence:
    """Evidence of a bring-up that ends now; it passed where nothing speaks against it. `ages` are of the
    moment up to which data of the source should have come back. Moments are seconds since the epoch.

    A drill whose restored data no probe has read is inconclusive. A takeover is no trial: its result says
    whether the target came up.
    """
    recovery, context = bring_up.recovery, bring_up.context
    holder = context.run.lease.holder_identity
    came_from = [each for each in used if isinstance(each, Point)]
    measured = [ages.of(point).seconds for point in came_from]
    measured += [each.age for each in used if isinstance(each, OwnData)]
    known = [seconds for seconds in measured if seconds is not None]
    rpo = max(known) if known and len(known) == len(measured) else None
    rto = bring_up.up_at - began if bring_up.up_at is not None else None
    reasons = list(bring_up.reasons)
    reasons += [f"the age of the data is not sure: {ages.warning(p)}" for p in came_from if ages.is_ahead(p)]
    if rpo is not None and rpo > seconds(recovery.plan.rpo):
        reasons.append(f"the data was {duration(rpo)} old, and the rpo is {recovery.plan.rpo}")
    if rto is not None and rto > seconds(recovery.plan.rto):
        reasons.append(f"it took {duration(rto)}, and the rto is {recovery.plan.rto}")
    looked, copy = list_looked_at(bring_up), recovery.plan.evidence
    doubts = unread_lines(looked) if bring_up.occasion == "drill" else ()
    return Evidence(
        kind=bring_up.occasion,
        id=id,
        recovery=recovery.plan.name,
        topology=recovery.topology.name,
        source=f"{recovery.source.name} ({recovery.source.on})",
        target=f"{recovery.target.name} ({recovery.target.on})",
        started=iso(began),
        ended=iso(context.now),
        rpo_target=seconds(recovery.plan.rpo),
        rpo_measured=round_age(rpo),
        rto_target=seconds(recovery.plan.rto),
        rto_measured=round(rto, 3) if rto is not None else None,
        points=tuple(_point_used(recovery, point) for point in came_from),
        waves=tuple(bring_up.rollout.waves),
        probes=tuple(bring_up.probes),
        actions=tuple(bring_up.actions),
        result="failed" if reasons else "inconclusive" if doubts else "passed",
        reasons=tuple(dict.fromkeys(reasons or doubts)),
        left_behind=bring_up.left_behind,
        source_account=recovery.source.account,
        target_account=recovery.target.account,
        topology_digest=recovery.digest,
        plan_digest=recovery.plan_digest,
        operator=f"{holder.user}@{holder.host}",
        calls=context.place.caller.calls + context.run.calls,
        version=VERSION,
        looked=looked,
        accept=recovery.plan.drills.accept,
        remote=copy.remote if copy else "",
        simulated=recovery.is_simulated,
    )


def _point_used(recovery: Recovery, point: Point) -> PointUsed:
    """The point, as evidence names it: who carried it, too, where it was not helpers."""
    stand = recovery.plan.vault.stand if recovery.plan.vault and point.is_in_vault else None
    engine = f"{point.engine} ({stand.name})" if stand else point.engine
    return PointUsed(point.id, point.group, iso(point.taken), point.count, engine)
