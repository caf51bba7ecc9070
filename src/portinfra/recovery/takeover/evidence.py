"""The evidence of a drill or a takeover: its measures compared with the plan."""

from collections.abc import Iterable, Sequence

from portinfra.command_text import command
from portinfra.format import duration, iso
from portinfra.model.duration import seconds
from portinfra.model.evidence import BothRan, Evidence, PointUsed
from portinfra.recovery.ledger.ledger import Contents
from portinfra.recovery.ledger.points import Point
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.points.ages import Age, Ages, round_age
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.takeover.bring_up import BringUp
from portinfra.recovery.takeover.check_depth import list_check_depths, unread_lines
from portinfra.value import frozen
from portinfra.version import VERSION


@frozen
class OwnData:
    """That a group came up from own volumes of the end that takes over."""

    group: str
    age: Age
    """The age of the data at the moment up to which it should have come back."""


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
    whether the target came up. A run whose data is of an age that is not known exactly is inconclusive at
    best.
    """
    recovery, context = bring_up.recovery, bring_up.context
    holder = context.run.lease.holder_identity
    came_from = [each for each in used if isinstance(each, Point)]
    measured = [ages.of(each) if isinstance(each, Point) else each.age for each in used]
    known = [age.seconds for age in measured if age.seconds is not None]
    rpo = max(known) if known and len(known) == len(measured) else None
    rto = bring_up.up_at - began if bring_up.up_at is not None else None
    is_exact = all(age.exact for age in measured)
    failures = list(bring_up.reasons)
    if rpo is not None and rpo > seconds(recovery.plan.rpo):
        age = duration(rpo) if is_exact else f"at most {duration(rpo)}"
        failures.append(f"the data was {age} old, and the rpo is {recovery.plan.rpo}")
    if rto is not None and rto > seconds(recovery.plan.rto):
        failures.append(f"it took {duration(rto)}, and the rto is {recovery.plan.rto}")
    looked, copy = list_check_depths(bring_up), recovery.plan.evidence
    doubts = [*_unknown_age_lines(recovery, used, ages)]
    if bring_up.occasion == "drill" and not failures:
        doubts += unread_lines(looked)
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
        result="failed" if failures else "inconclusive" if doubts else "passed",
        reasons=tuple(dict.fromkeys([*failures, *doubts])),
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
        age_is_exact=is_exact,
    )


def _unknown_age_lines(recovery: Recovery, used: Sequence[Point | OwnData], ages: Ages) -> Iterable[str]:
    """Yield a sentence for each cause why the age of the data is not known, or not known exactly."""
    for each in used:
        if isinstance(each, Point) and ages.is_ahead(each):
            known = "not known" if ages.of(each).seconds is None else "not known exactly"
            yield f"the age of the data is {known}: {ages.warning(each)}"
    unknown = [each.group for each in used if isinstance(each, OwnData) and each.age.seconds is None]
    if unknown:
        which = f"own volumes of {recovery.target.name} ({', '.join(unknown)})"
        yield f"the age of the data on {which} is not known, and the rpo is {recovery.plan.rpo}"


def _point_used(recovery: Recovery, point: Point) -> PointUsed:
    """The point, as evidence names it: who carried it, too, where it was not helpers."""
    stand = recovery.plan.vault.stand if recovery.plan.vault and point.is_in_vault else None
    engine = f"{point.engine} ({stand.name})" if stand else point.engine
    return PointUsed(point.id, point.group, iso(point.taken), point.count, engine)
