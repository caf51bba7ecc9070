"""`plan`: what a takeover would do now, how long it would take, and what stands in its way.

Changes nothing. An error is what a takeover would fail for: `may_take_over` refuses for the same findings.
"""

from collections.abc import Collection, Iterable

from attrs import evolve, frozen

from portinfra.command_text import command
from portinfra.execution.connection import Connection
from portinfra.hooks.calls import name_of, unready
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.finding import Finding, Severity
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance, Volume
from portinfra.model.strict import strict
from portinfra.placement import place
from portinfra.planning.compose import compose
from portinfra.recovery.groups import groups, roles_of
from portinfra.recovery.ledger.drills import Drilled, drilled
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import mark
from portinfra.recovery.options import How
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.point import points
from portinfra.recovery.points.restore import all_at_once, outdated, replacing, sourced
from portinfra.recovery.recovery import Recovery, check_points
from portinfra.recovery.replication.readiness import capture_problem
from portinfra.recovery.situation.facts import answering, read_facts
from portinfra.recovery.situation.permissions import may
from portinfra.recovery.situation.refusals import explain
from portinfra.recovery.situation.situation import Situation, is_contained, peer_of
from portinfra.recovery.situation.wish import end_of, is_planned, takeover_verb
from portinfra.recovery.vault.readiness import lacking, pointless
from portinfra.recovery.vault.selection import Selected, Selection, at_moment
from portinfra.recovery.watch.probers import prober_findings
from portinfra.recovery.watch.status import RecoveryStatus, status_of_way
from portinfra.validation.arguments import check_arguments
from portinfra.words import duration, iso


@frozen(field_transformer=strict)
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


@frozen(field_transformer=strict)
class DataSource:
    """The data that one group would come up from."""

    group: str
    what: str
    age: float | None
    """In seconds; None where it is not known."""
    taken: str | None = None
    """The time of the point: UTC, ISO 8601."""


@frozen(field_transformer=strict)
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
    data: tuple[DataSource, ...] = ()
    """The data of each group; empty where a last point is carried and used."""
    as_of: str | None = None
    """The moment that the data is restored as of; None: the newest data."""
    carries_last_point: bool = False
    """Whether the takeover makes a last point of the other end and uses it."""

    @property
    def estimate(self) -> float:
        """Seconds: what was measured last, and never less than the floor."""
        return max(self.floor_seconds, self.measured or 0.0)


@check_arguments
def prospect(recovery: Recovery, how: How | None = None) -> Prospect:
    """Foresee a failover, or the takeover that `how` describes. Raises ProviderError where the target does
    not answer, and PolicyError for a point in `how.without` that does not exist; of the source it asks what
    `status` does, and for a last point, what is there.
    """
    how = how or How()
    situation = read_facts(recovery, peer_of(end_of(recovery)) if how.lost else None)
    now = status_of_way(recovery, ask_source=not how.lost)
    check_points(recovery, how.without, now.known_points)
    return foresee(recovery, how, situation, now)


def foresee(recovery: Recovery, how: How, situation: Situation, now: RecoveryStatus) -> Prospect:
    """Foresee the takeover that `how` describes. One that was planned stays so."""
    how = at_moment(how, situation.turn if situation.active == end_of(recovery) else None)
    left = peer_of(end_of(recovery))
    takeover = situation.takeover if situation.phase == "taking over" else None
    planned = is_planned(recovery, how, situation)
    if takeover and takeover.planned and situation.active != left and not situation.restoring:
        planned = not how.lost
    planned = planned and situation.answers(left)
    with Connection.to(recovery.target, recovery.topology) as target:
        catalogue = target.catalogue()
        ledger = Ledger(target, recovery.ledger)
        selection = Selection(recovery, how, target)
        selected = selection.look(ledger)
        chosen = selected.points
        there = target.observe(recovery.target_scope)
        snapshots = target.reader.observe(recovery.points)
        here = [point for point in chosen if point.parts(snapshots)]  # the others are still in the vault
        placed = all_at_once(sourced(place(recovery.topology, recovery.target), here, snapshots))
        old = outdated(placed, there, _stale(recovery, now))
        replaced = set(there.of(Volume)) & _data_volumes(recovery, placed) if planned else old
        overwritten = () if _is_contained(recovery, situation) else [volume.name for volume in replaced]

        def plan_roles(roles: Collection[str]) -> Plan:
            mine = frozenset(address for address in old if placed.roles[address] in roles)
            return compose(placed, catalogue, there, target.provider.drivers, replacing(mine, roles))

        plans = [plan_roles(roles) for roles in _roles_so_far(recovery)]
        measured, drill = _last_measured(drilled(ledger.entries()))
        unfit = _last_point(recovery, target) if planned else []
        if not planned or how.as_of:
            unfit += selection.findings(selected, under_way=now.turn is not None)
        data = tuple(
            _sources(recovery, selected, Ages(points(ledger.entries()), target.provider.clock.now()))
        )
    fetches = planned or len(here) < len(chosen)
    waves = tuple(_wave(recovery, placed, plans, number) for number in range(len(plans)))
    doubtful = [_waited_for(finding) for plan in plans[-1:] for finding in plan.findings]
    doubtful += _hooks(recovery, how)
    return Prospect(
        recovery,
        waves,
        now,
        seconds(recovery.plan.rto),
        round(sum(wave.floor_seconds for wave in waves), 3),
        measured,
        drill,
        (
            *(map(_as_warning, doubtful) if how.lost else doubtful),
            *_permission(recovery, how, situation, now.next_step),
            *unfit,
            *_vault_unseen(recovery, now, Severity.ERROR if fetches and not how.lost else Severity.WARNING),
            *_gaps(recovery, now),
            *_unreadable_entries(recovery, how, now),
            *_tried(recovery, now, measured, drill),
            *map(_as_warning, prober_findings(recovery)),
            *lacking(recovery, fetches=fetches),
            *pointless(recovery),
            *_overwrites(recovery, overwritten),
        ),
        data if not planned or how.as_of else (),
        iso(how.as_of.timestamp()) if how.as_of else None,
        planned and not how.as_of,
    )


def _roles_so_far(recovery: Recovery) -> list[list[str]]:
    """Return, for each wave, its roles and those of all waves before it."""
    waves = recovery.plan.waves
    return [[role for wave in waves[: number + 1] for role in wave.roles] for number in range(len(waves))]


def _sources(recovery: Recovery, selected: Selected, ages: Ages) -> Iterable[DataSource]:
    for point in selected.points:
        yield DataSource(point.group, f"point {point.id}", ages.of(point).seconds, iso(point.taken))
    for name in selected.own:
        yield DataSource(name, f"own volumes of {recovery.target.name}", None)


def _last_measured(drills: Iterable[Drilled]) -> tuple[float | None, str]:
    """Return the seconds that the last drill took which came up, and its id; None and no id: none came up."""
    came_up = [(each.rto_measured, each.id) for each in drills if each.rto_measured is not None]
    return came_up[-1] if came_up else (None, "")


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


def _waited_for(finding: Finding) -> Finding:
    """The finding, with a fix that a takeover has: it works around no zone of the target."""
    silent = finding.rule == "plan/unknown-zone"
    return evolve(finding, fix="Wait until it answers, and run this again.") if silent else finding


def _data_volumes(recovery: Recovery, placed: Placed) -> set[Address]:
    """Return the volumes of all groups."""
    return {volume for group in groups(recovery, placed) for volume in group.volumes}


def _is_contained(recovery: Recovery, now: Situation) -> bool:
    """Return whether the other end has all that volumes of the end that takes over have."""
    begun = now.turn if now.phase == "taking over" and now.active == end_of(recovery) else None
    return begun.contained if begun else is_contained(now, end_of(recovery))


def _overwrites(recovery: Recovery, volumes: Collection[str]) -> Iterable[Finding]:
    """Return a warning about volumes that the takeover replaces though their data is in no point."""
    if not volumes:
        return
    plan, name = recovery.plan, recovery.target.name
    listed = ", ".join(sorted(volumes))
    message = f"{name} was active after its last point: the takeover replaces {listed}"
    lists = command("dr", "status", plan.name)
    fix = f"A snapshot of each is kept for {plan.keep_overwritten}: {lists} lists them."
    if not plan.keep_overwritten:
        fix = 'Nothing keeps their data. To keep snapshots, write keep_overwritten = "7d".'
    yield _gap(plan.name, "overwrites-data", message, fix, Severity.WARNING)


def _as_warning(finding: Finding) -> Finding:
    """Return what may stop a late wave as a warning: a takeover from a lost source stops nothing that runs,
    and the waves before that one come up. Only missing data refuses it.
    """
    return evolve(finding, severity=Severity.WARNING)


def _permission(recovery: Recovery, how: How, now: Situation, next_step: str) -> Iterable[Finding]:
    """Return what the decision table says of the takeover, and that it goes on."""
    verb = takeover_verb(recovery, how)
    if refusal := may(verb, now):
        yield explain(recovery, verb, refusal, now)
    elif now.turn and now.active == verb.end:
        begun = f"{now.turn.occasion} {now.turn.id} has begun, and goes on with the data that it began with"
        rule = f"{now.turn.occasion}-under-way"
        yield _gap(recovery.plan.name, rule, begun, next_step, Severity.WARNING)


def _last_point(recovery: Recovery, target: Connection) -> list[Finding]:
    """That a group cannot have a last point, so that the source would be stopped for nothing."""
    with answering(recovery) as source:
        there = source.observe(recovery.source_scope)
    fix = "Mend that first, and run this again."
    return [
        _gap(recovery.plan.name, "no-last-point", f"no last point of {group.name} can be made: {why}", fix)
        for group in groups(recovery, place(recovery.topology, recovery.source))
        if (why := capture_problem(recovery, group, there, target))
    ]


def _hooks(recovery: Recovery, how: How) -> Iterable[Finding]:
    """The hooks that cannot be called from here. An error where a takeover would stop at one of them."""
    plan = recovery.plan
    ready = [hook for role in recovery.topology.roles if role.name in plan.roles for hook in role.ready]
    needed = [*ready, *(gate for wave in plan.waves for gate in wave.gates)]
    occasion = "failback" if recovery.is_reversed else "failover"
    needed += [action.run for action in plan.actions if occasion in action.on and not action.manual]
    if recovery.is_reversed and not how.lost:  # which begins with a point of running hosts
        needed += [hook for policy in plan.data for hook in (*policy.before, *policy.after)]
    called_here = [hook for hook in plan.hooks if hook not in plan.hooks_inside]
    for hook in dict.fromkeys([*ready, *called_here]):
        if problem := unready(hook):
            called = f"{name_of(hook)!r} cannot be called from here: {problem}"
            fix = "Run this in the folder where hooks are, or write the whole path."
            severity = Severity.ERROR if hook in needed else Severity.WARNING
            yield _gap(plan.name, "hook-unready", called, fix, severity)


def _vault_unseen(recovery: Recovery, now: RecoveryStatus, severity: Severity) -> Iterable[Finding]:
    """Return a finding where the vault cannot be listed. It is an error of a takeover that brings data from
    there, and would stop the source before it knows whether the data exists.
    """
    if now.vault_unseen:
        yield _gap(
            recovery.plan.name,
            "vault-unseen",
            f"nobody could look whether the vault has what the ledger says: {now.vault_unseen}",
            "Run this where the vault's configuration is, or mend the way there.",
            severity,
        )


def _gaps(recovery: Recovery, now: RecoveryStatus) -> Iterable[Finding]:
    """What makes a recovery worse than was planned, and stops no takeover."""
    name = recovery.plan.name
    for warning in now.dated_ahead:
        point = command("dr", "replicate", name, "--now")
        fix = f"Set the clock of that machine, or of this one (NTP). Then make a point: {point}."
        yield _gap(name, "dated-ahead", warning, fix, Severity.WARNING)
    for volume in now.volumes:
        if volume.level == "lost" and volume.age is not None:
            age = f"its newest point is {duration(volume.age)} old, and the rpo is {recovery.plan.rpo}"
            fix = f"Let {command('dr', 'replicate', name)} run by a timer."
            yield _gap(name, "too-old", f"{volume.volume}: {age}", fix, Severity.WARNING)


def _unreadable_entries(recovery: Recovery, how: How, now: RecoveryStatus) -> Iterable[Finding]:
    """Return a finding for each entry of the ledger that cannot be read. An entry of a newer version may say
    who takes over: a takeover that stops the source is refused.
    """
    for each in now.unreadable:
        refuses = each.newer and not how.lost
        yield _gap(
            recovery.plan.name,
            "newer-entry" if each.newer else "unreadable-entry",
            f"the ledger {recovery.ledger} cannot be read in full: {each}",
            "Run this with the newer version of portinfra."
            if each.newer
            else "No point is removed until that record is repaired, or deleted by the means of its cloud.",
            Severity.ERROR if refuses else Severity.WARNING,
        )


def _tried(recovery: Recovery, now: RecoveryStatus, measured: float | None, drill: str) -> Iterable[Finding]:
    """What the drills speak against: the last of all, and the last that came up."""
    name, rto = recovery.plan.name, recovery.plan.rto
    last, try_it = now.last_drill, command("dr", "drill", recovery.plan.name)
    if last and last.result == "failed":
        failed, fix = f"the last drill ({last.id}) failed", f"Look at its report, and try it again: {try_it}."
        yield _gap(name, "drill-failed", failed, fix, Severity.WARNING)
    if recovery.plan.drills.accept == "data":
        yield from _unread(recovery, last)
    if measured is None:
        never = "no drill has come up yet, so the time that a takeover needs is not known"
        yield _gap(name, "never-drilled", never, f"Try it: {try_it}.", Severity.WARNING)
    elif measured > seconds(rto):
        took = f"drill {drill} took {duration(measured)}, and the rto is {rto}"
        yield _gap(name, "too-slow", took, "Look at its report: which wave took the time?", Severity.WARNING)
    for id in now.drills:
        left = f"drill {id} still runs, or has left something behind"
        fix = f"Remove what dead drills left: {command('dr', 'sweep', name)}."
        yield _gap(name, "left-behind", left, fix, Severity.WARNING)


def _unread(recovery: Recovery, last: Drilled | None) -> Iterable[Finding]:
    """Return warnings about data that no probe reads: no drill shows that it can be used."""
    name = recovery.plan.name
    if last and last.result == "inconclusive":
        message, fix = f"the last drill ({last.id}) read no data of some group", "Look at its report."
        yield _gap(name, "drill-inconclusive", message, fix, Severity.WARNING)
    read = {role for probe in recovery.plan.probes for role in probe.reads}
    placed = place(recovery.topology, recovery.target)
    unread = [group.name for group in groups(recovery, placed) if not roles_of(group, placed) <= read]
    if unread:
        message = f"no probe reads the data of {', '.join(unread)}, so a drill is inconclusive"
        fix = "Name the roles in `reads` of a probe that reads their data; or accept less: `accept`."
        yield _gap(name, "unread-data", message, fix, Severity.WARNING)


def _gap(recovery: str, rule: str, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(f"recovery/{rule}", message, fix, severity, subject=f"recovery.{recovery}")
