"""`plan`: what a failover would do now, how long it would take, and what stands in its way.

Changes nothing.
"""

from collections.abc import Collection, Iterable

from attrs import frozen

from portinfra.execution.connection import Connection
from portinfra.model.finding import Finding, Severity
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan
from portinfra.model.recovery import seconds
from portinfra.model.resources import Instance
from portinfra.placement import place
from portinfra.planning.compose import compose
from portinfra.recovery.choice import choose
from portinfra.recovery.drill import drilled
from portinfra.recovery.hooks import name_of, unready
from portinfra.recovery.ledger import Ledger
from portinfra.recovery.restore import all_at_once, outdated, replacing, sourced
from portinfra.recovery.status import RecoveryStatus, status
from portinfra.recovery.subject import Recovery
from portinfra.recovery.turn import mark
from portinfra.recovery.vault.readiness import lacking, pointless
from portinfra.words import duration, moment


@frozen
class WaveProspect:
    """What one wave would bring up."""

    roles: tuple[str, ...]
    hosts: int
    changes: int
    calls: int
    floor_seconds: float
    """The least that the provider's published rates allow."""
    limit_seconds: int
    gates: tuple[str, ...]


@frozen
class Prospect:
    """A failover, foreseen."""

    recovery: Recovery
    waves: tuple[WaveProspect, ...]
    status: RecoveryStatus
    rto: int
    floor_seconds: float
    """Of all waves."""
    measured: float | None
    """What the last drill that came up took."""
    measured_in: str
    """That drill's id."""
    findings: tuple[Finding, ...]

    @property
    def estimate(self) -> float:
        """Seconds: what was measured last, and never less than the floor."""
        return max(self.floor_seconds, self.measured or 0.0)


def prospect(recovery: Recovery, *, ask_source: bool = True) -> Prospect:
    """Foresee a failover. Raises ProviderError where the target does not answer; of the source it asks what
    `status` does.
    """
    now = status(recovery, ask_source=ask_source)
    with Connection.to(recovery.target) as target:
        catalogue = target.catalogue()
        ledger = Ledger(target, recovery.ledger)
        chosen, missing = choose(recovery, target, ledger)
        there = target.observe(recovery.target_scope)
        data = target.reader.observe(recovery.points)
        here = [point for point in chosen if point.parts(data)]  # the others are still in the vault
        placed = all_at_once(sourced(place(recovery.topology, recovery.target), here, data))
        old = outdated(placed, there, _stale(recovery, now))
        plans = []
        for number in range(1, len(recovery.plan.waves) + 1):
            roles = [role for wave in recovery.plan.waves[:number] for role in wave.roles]
            mine = frozenset(address for address in old if placed.roles[address] in roles)
            plans.append(compose(placed, catalogue, there, target.provider.drivers, replacing(mine, roles)))
        drills = drilled(ledger.entries())
    came_up = [(each.rto_measured, each.id) for each in drills if each.rto_measured is not None]
    measured, drill = came_up[-1] if came_up else (None, "")
    waves = tuple(_wave(recovery, placed, plans, number) for number in range(len(plans)))
    findings = [finding for plan in plans[-1:] for finding in plan.findings]
    return Prospect(
        recovery,
        waves,
        now,
        seconds(recovery.plan.rto),
        round(sum(wave.floor_seconds for wave in waves), 3),
        measured,
        drill,
        (
            *findings,
            *_gaps(recovery, now, missing),
            *_tried(recovery, now, measured, drill),
            *lacking(recovery),
            *pointless(recovery),
        ),
    )


def _stale(recovery: Recovery, now: RecoveryStatus) -> Collection[str]:
    """The roles of which a failover would replace whatever the target has: it is of when that stood last."""
    restored = now.turn.restored if now.turn else ()
    return () if now.stands else [role for role in recovery.plan.roles if mark(role) not in restored]


def _wave(recovery: Recovery, placed: Placed, plans: list[Plan], number: int) -> WaveProspect:
    """What a wave adds to those before it."""
    wave, plan = recovery.plan.waves[number], plans[number]
    before = plans[number - 1] if number else None
    calls = before.budget.calls if before else 0
    floor = before.budget.floor_seconds if before else 0.0
    return WaveProspect(
        wave.roles,
        sum(isinstance(s, Instance) and placed.roles[a] in wave.roles for a, s in placed.resources.items()),
        len(plan.changes) - (len(before.changes) if before else 0),
        plan.budget.calls - calls,
        round(max(0.0, plan.budget.floor_seconds - floor), 3),
        seconds(wave.limit),
        tuple(map(name_of, wave.gates)),
    )


def _gaps(recovery: Recovery, now: RecoveryStatus, missing: Iterable[str]) -> Iterable[Finding]:
    """What stands between the plan and a recovery that can be relied on."""
    name = recovery.plan.name
    if now.turn and now.turn.occasion == "failover":
        begun = f"failover {now.turn.id} has begun, and goes on with the points that it began with"
        yield _gap(
            name,
            "failover-under-way",
            begun,
            "Finish it: dr failover; or give it up: dr failover --abandon.",
            Severity.WARNING,
        )
    elif now.turn:
        begun = f"the way back {now.turn.id} has begun and is not done"
        yield _gap(
            name,
            "failback-under-way",
            begun,
            "Finish it: dr failback; or give it up: dr failback --abandon.",
        )
    elif now.stands:
        stands = f"{recovery.target.name} has taken over already ({moment(now.stands)})"
        yield _gap(name, "stands-already", stands, "Go back with: dr failback.")
    for told in missing:
        yield _gap(name, "no-point", told, "Make one: dr replicate --now.")
    if now.vault_unseen:
        yield _gap(
            name,
            "vault-unseen",
            f"nobody could look whether the vault has what the ledger says: {now.vault_unseen}",
            "Run this where the vault's configuration is, or mend the way there.",
            Severity.WARNING,
        )
    for volume in now.volumes:
        if volume.level == "lost" and volume.age is not None:
            age = f"its newest point is {duration(volume.age)} old, and the rpo is {recovery.plan.rpo}"
            yield _gap(name, "too-old", f"{volume.volume}: {age}", "Let dr replicate run by a timer.")
    for hook in dict.fromkeys(recovery.plan.hooks):
        if problem := unready(hook):
            called = f"{name_of(hook)!r} cannot be called from here: {problem}"
            fix = "Run this in the folder where hooks are, or write the whole path."
            yield _gap(name, "hook-unready", called, fix, Severity.WARNING)


def _tried(recovery: Recovery, now: RecoveryStatus, measured: float | None, drill: str) -> Iterable[Finding]:
    """What the drills speak against: the last of all, and the last that came up."""
    name, rto = recovery.plan.name, recovery.plan.rto
    last = now.last_drill
    if last and last.result == "failed":
        failed, fix = f"the last drill ({last.id}) failed", "Look at its report, and try it again: dr drill."
        yield _gap(name, "drill-failed", failed, fix, Severity.WARNING)
    if measured is None:
        never = "no drill has ever come up, so nobody knows how long it takes"
        yield _gap(name, "never-drilled", never, "Try it: dr drill.", Severity.WARNING)
    elif measured > seconds(rto):
        took = f"drill {drill} took {duration(measured)}, and the rto is {rto}"
        yield _gap(name, "too-slow", took, "Look at its report: which wave took the time?", Severity.WARNING)
    for id in now.drills:
        left = f"drill {id} still runs, or has left something behind"
        yield _gap(name, "left-behind", left, "Remove what dead drills left: dr sweep.", Severity.WARNING)


def _gap(recovery: str, rule: str, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(f"recovery/{rule}", message, fix, severity, subject=f"recovery.{recovery}")
