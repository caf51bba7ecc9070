"""`failover`: the target takes over. Resumable at any call: what was decided stands in the ledger.

1. The ledger says that it began, with which points, and the epoch that it leads to.
2. The source is fenced: the epoch and the fence in its claim, its hosts off. Where the source is lost, no
   call is made to it, and `fence` is the first act on its return.
3. The target's claim gets the epoch; its roles come back, wave by wave, from those points.
4. The ledger says that it is done.
"""

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from portinfra.errors import PolicyError, PortinfraError
from portinfra.execution.connection import Connection
from portinfra.model.evidence import Evidence, Kind
from portinfra.model.finding import Finding
from portinfra.model.recovery import seconds
from portinfra.model.resources import Instance
from portinfra.placement import place
from portinfra.recovery.drill import choose, used_points
from portinfra.recovery.fencing import FAILOVER, answering, latest, standing, switch
from portinfra.recovery.ledger import Entry, Ledger
from portinfra.recovery.pace import Pace
from portinfra.recovery.points import Point, points
from portinfra.recovery.replicate import replicate
from portinfra.recovery.restore import sourced
from portinfra.recovery.subject import Recovery
from portinfra.recovery.vault.carriage import receive
from portinfra.recovery.waves import Ascent, Bringing, Say, moment
from portinfra.version import VERSION


@frozen
class How:
    """How a failover goes about it."""

    source_is_lost: bool = False
    """Make no call to the source."""
    last_point: bool = False
    """Once the source is stopped, carry one more point: nothing is lost. Needs a source that answers."""
    occasion: Kind = "failover"
    pace: Pace = field(factory=Pace)


def failover(recovery: Recovery, how: How | None = None, *, say: Say = lambda line: None) -> Evidence:
    """Take over. Run again after a failure, it goes on with what was decided.

    Raises PolicyError where the target has taken over already, or a role's data has no point; ProviderError.
    """
    how = how or How()
    with Connection.to(recovery.target) as target:
        catalogue = target.catalogue()
        ledger = Ledger(target, recovery.ledger)
        ledger.settle()
        entry = _begun(recovery, target, ledger, how)
        fenced = _fence(recovery, entry, how, say)
        if how.last_point and not entry.said.get("points"):
            entry = _last_point(recovery, ledger, entry, how, say)
        chosen, missing = _chosen(recovery, target, ledger, entry)
        if missing:
            raise PolicyError(f"{recovery.target_scope} cannot take over yet", list(map(_no_point, missing)))
        if not entry.said.get("points"):
            entry = ledger.rewrite(entry, {**entry.said, "points": [point.id for point in chosen]})
        receive(recovery, target, chosen, how.pace, say)
        placed = place(recovery.topology, recovery.target)
        placed = sourced(placed, chosen, target.observe(recovery.points))
        with target.run(recovery.target_scope, workers=how.pace.workers, seed=how.pace.seed) as run:
            run.declare(epoch=entry.said["epoch"], fenced=False)
            bringing = Bringing(target, run, catalogue, placed, how.pace.listen, recovery.sensitive)
            ascent = Ascent(recovery, bringing, how.occasion, say)
            ascent.climb()
        _announce(recovery, ascent)
        evidence = _evidence(recovery, how, entry, ascent, chosen, fenced, target)
        if ascent.up_at is not None:
            ledger.rewrite(entry, {**entry.said, "open": False, "rto": evidence.rto_measured})
    return evidence


def _begun(recovery: Recovery, target: Connection, ledger: Ledger, how: How) -> Entry:
    """The ledger's entry of this failover: the one under way, or a new one."""
    here = standing(target, recovery.target_scope)
    entries = ledger.entries(FAILOVER)
    for entry in entries:
        if entry.open and "abandoned" in entry.said:
            raise PolicyError(f"{recovery.target_scope} cannot take over", [_being_abandoned(recovery)])
        if entry.open and entry.said["epoch"] >= here.epoch:
            return entry
        if entry.open:  # the turn has passed on since, and with it the points that it began with
            ledger.rewrite(entry, {**entry.said, "open": False})
    if here.epoch and not here.fenced:
        raise PolicyError(
            f"{recovery.target_scope} has taken over already",
            [
                Finding(
                    "recovery/stands-already",
                    f"{recovery.target.name} stands since epoch {here.epoch}",
                    "Go back with: dr failback. What is amiss there is mended with: apply.",
                    subject=f"recovery.{recovery.plan.name}",
                )
            ],
        )
    known = [here.epoch, *map(latest, entries)]
    if how.source_is_lost:
        known.append(max(known) + 1)  # the source may know of one turn more: its own way back
    else:
        with answering(recovery) as source:
            source.account()
            known.append(standing(source, recovery.source_scope).epoch)
    now = target.provider.clock.now()
    said = {
        "kind": FAILOVER,
        "id": f"{int(now):x}",
        "open": True,
        "occasion": how.occasion,
        "epoch": max(known) + 1,
        "began": now,
        "lost": how.source_is_lost,
    }
    if not how.last_point:
        chosen, missing = choose(recovery, target, ledger)
        if missing:
            raise PolicyError(f"{recovery.target_scope} cannot take over", list(map(_no_point, missing)))
        said["points"] = [point.id for point in chosen]
    return ledger.add(said)


def _being_abandoned(recovery: Recovery) -> Finding:
    return Finding(
        "recovery/being-abandoned",
        "the failover that had begun is being given up, and that is not done",
        "Finish that first: the same command with --abandon.",
        subject=f"recovery.{recovery.plan.name}",
    )


def _no_point(told: str) -> Finding:
    return Finding(
        "recovery/no-point",
        told,
        "Look at dr status; make one with: dr replicate --now. Where the source is lost, declare the target "
        "without what no point has data for.",
    )


def _fence(recovery: Recovery, entry: Entry, how: How, say: Say) -> bool:
    """Stop the source; whether that was possible."""
    if how.source_is_lost:
        say(f"{recovery.source.name} is lost: it is not fenced")
        return False
    say(f"fencing {recovery.source.name}")
    with answering(recovery) as source:
        catalogue = source.catalogue()
        placed = place(recovery.topology, recovery.source)
        with source.run(recovery.source_scope, workers=how.pace.workers, seed=how.pace.seed) as run:
            run.declare(epoch=max(entry.said["epoch"], run.claim.epoch), fenced=True)
            switch(run, placed, catalogue, "stopped", how.pace.listen)
    return True


def _last_point(recovery: Recovery, ledger: Ledger, entry: Entry, how: How, say: Say) -> Entry:
    """One more point, of hosts that are stopped."""
    quiet = evolve(
        recovery,
        plan=evolve(
            recovery.plan,
            data=[evolve(policy, before=(), after=()) for policy in recovery.plan.data],
        ),
    )
    made = replicate(quiet, now=True, stopped=True, pace=how.pace, say=say)
    if not made.succeeded:
        problems = "; ".join(f"{group.group}: {group.problem}" for group in made.groups if group.problem)
        raise PortinfraError(f"the last point failed: {problems}", fix="Run it again: it goes on from here.")
    return entry


def _chosen(
    recovery: Recovery, target: Connection, ledger: Ledger, entry: Entry
) -> tuple[list[Point], list[str]]:
    """The points that this failover began with, whatever newer ones there are; else the newest."""
    ids: Any = entry.said.get("points")
    if not ids:
        return choose(recovery, target, ledger)
    there = target.observe(recovery.points)
    known = {point.id: point for point in points(ledger.entries())}
    lost = [id for id in ids if id not in known or not known[id].restorable(there)]
    return [known[id] for id in ids if id not in lost], [f"point {id} cannot be restored" for id in lost]


def _announce(recovery: Recovery, ascent: Ascent) -> None:
    """Tell the names' keeper where the hosts are now."""
    if recovery.target.dns and ascent.up_at is not None:
        hosts: Mapping[str, str] = {
            spec.name: spec.private_address
            for spec in ascent.bringing.placed.resources.values()
            if isinstance(spec, Instance)
        }
        recovery.target.dns(hosts)


def _evidence(
    recovery: Recovery,
    how: How,
    entry: Entry,
    ascent: Ascent,
    used: list[Point],
    fenced: bool,
    target: Connection,
) -> Evidence:
    started, ended = float(entry.said["began"]), target.provider.clock.now()
    rpo = max((started - point.taken for point in used), default=None)
    rto = ascent.up_at - started if ascent.up_at is not None else None
    reasons = list(ascent.reasons)
    if rpo is not None and rpo > seconds(recovery.plan.rpo):
        reasons.append(f"the data was {rpo:.0f} s old, and the rpo is {recovery.plan.rpo}")
    if rto is not None and rto > seconds(recovery.plan.rto):
        reasons.append(f"it took {rto:.0f} s, and the rto is {recovery.plan.rto}")
    return Evidence(
        kind=how.occasion,
        id=str(entry.said["id"]),
        recovery=recovery.plan.name,
        topology=recovery.topology.name,
        source=f"{recovery.source.name} ({recovery.source.on})",
        target=f"{recovery.target.name} ({recovery.target.on})",
        started=moment(started),
        ended=moment(ended),
        rpo_target=seconds(recovery.plan.rpo),
        rpo_measured=round(max(rpo, 0.0), 3) if rpo is not None else None,
        rto_target=seconds(recovery.plan.rto),
        rto_measured=round(rto, 3) if rto is not None else None,
        points=tuple(used_points(recovery, used)),
        waves=tuple(ascent.waves),
        probes=tuple(ascent.probes),
        actions=tuple(ascent.actions),
        result="failed" if reasons else "passed",
        reasons=tuple(reasons),
        source_fenced=fenced,
        calls=target.caller.calls + ascent.bringing.run.calls,
        version=VERSION,
    )
