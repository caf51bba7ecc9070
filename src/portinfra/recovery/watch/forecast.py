"""`plan`: what a takeover would do now, how long it would take, and what prevents it.

It changes nothing. It reads the facts that `readiness` judges: `may_take_over` refuses for the same errors.
"""

from collections.abc import Collection, Iterable

from attrs import evolve

from portinfra.execution.connection import Connection, Look
from portinfra.execution.estimate import estimate
from portinfra.format import iso
from portinfra.hooks.calls import name_of, why_not_callable
from portinfra.hosts.plan_findings import plan_findings
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.evidence import Kind
from portinfra.model.finding import Finding, Severity
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance, Volume
from portinfra.model.strict import strict
from portinfra.placement import place
from portinfra.planning.make_plan import make_plan
from portinfra.planning.mounts import RULE as MOUNTS
from portinfra.planning.rename import rename_resources
from portinfra.provider import registry
from portinfra.recovery.groups import check_names, groups
from portinfra.recovery.ledger.drills import DrillEntry, ended_drills
from portinfra.recovery.ledger.ledger import Contents, Ledger
from portinfra.recovery.ledger.points import points
from portinfra.recovery.ledger.takeovers import short_id
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.ages import Ages, age_at
from portinfra.recovery.points.coverage import Accepted
from portinfra.recovery.points.own_data import ANY_AGE, own_data_time
from portinfra.recovery.points.restore import (
    all_at_once,
    hosts_of,
    outdated_volumes,
    place_with_data,
    replacement_options,
)
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.readiness import capture_problem, size_problem
from portinfra.recovery.situation.facts import connect_source
from portinfra.recovery.situation.permissions import ACTIVE_ALREADY, may
from portinfra.recovery.situation.refusals import explain
from portinfra.recovery.situation.request import end_of, is_planned, takeover_verb
from portinfra.recovery.situation.situation import Situation, peer_of
from portinfra.recovery.vault.data_selection import Selected, Selection, as_decided
from portinfra.recovery.vault.readiness import missing_file_findings, needless_block_findings
from portinfra.recovery.vault.transfer import points_to_fetch, transfer_findings
from portinfra.recovery.watch.approvals import is_approved, occasion_of
from portinfra.recovery.watch.overwrites import foresee_overwrites
from portinfra.recovery.watch.permission_checks import permission_findings
from portinfra.recovery.watch.probers import prober_findings
from portinfra.recovery.watch.readiness import ReadinessFacts, UnreadyHook, doubts, readiness
from portinfra.recovery.watch.record_quota import record_findings
from portinfra.recovery.watch.recovery_status import RecoveryStatus
from portinfra.recovery.watch.status import status_of_way
from portinfra.recovery.watch.trust import trust_findings
from portinfra.recovery.watch.usable_keys import key_findings, keys_of
from portinfra.validation.arguments import check_arguments
from portinfra.value import frozen

OWN = "own volumes of"


@frozen(field_transformer=strict)
class WaveForecast:
    """The work of one wave."""

    roles: tuple[str, ...]
    hosts: int
    changes: int
    calls: int
    floor_seconds: float
    """The least that the provider's published rates allow."""
    about_seconds: float | None
    """The usual time of its steps; None: not known."""
    limit_seconds: int
    gates: tuple[str, ...]


@frozen(field_transformer=strict)
class DataSource:
    """The data that one group would restore."""

    group: str
    what: str
    age: float | None
    """In seconds; None where it is not known."""
    taken: str | None = None
    """The time of the point, or until when own volumes were written to: UTC, ISO 8601; None: not known."""

    @property
    def is_own(self) -> bool:
        """Whether it is own volumes of the end that takes over."""
        return self.what.startswith(OWN)


@frozen(field_transformer=strict)
class Forecast:
    """The forecast of a takeover."""

    recovery: Recovery
    waves: tuple[WaveForecast, ...]
    status: RecoveryStatus
    rto: int
    floor_seconds: float
    """Of all waves."""
    measured: float | None
    """The seconds that the last complete drill took."""
    measured_in: str
    """That drill's id."""
    findings: tuple[Finding, ...]
    data: tuple[DataSource, ...] = ()
    """The data of each group; empty where a last point is carried and used."""
    as_of: str | None = None
    """The moment that the data is restored as of; None: the newest data."""
    carries_last_point: bool = False
    """Whether the takeover makes a last point of the other end and uses it."""
    is_active: bool = False
    """Whether the end is active already: there is nothing to forecast."""

    @property
    def about_seconds(self) -> float | None:
        """The usual time of the steps of all waves, one after the other; None: not known."""
        known = [wave.about_seconds for wave in self.waves if wave.about_seconds is not None]
        return round(sum(known), 1) if len(known) == len(self.waves) else None

    @property
    def estimate(self) -> float:
        """The last measured seconds, or else the usual time of the steps; never less than the floor."""
        expected = self.about_seconds if self.measured is None else self.measured
        return max(self.floor_seconds, expected or 0.0)


@check_arguments
def make_forecast(recovery: Recovery, options: FailoverOptions | None = None) -> Forecast:
    """Forecast a failover, or the takeover that `options` describes. It reads what `status` reads of the
    source, and its resources for a last point. Raises ProviderError where the target does not answer, and
    PolicyError for a point in `options.without` that does not exist.
    """
    options = options or FailoverOptions()
    with Look.to(recovery.target, recovery.topology) as target:
        now = status_of_way(recovery, ask_source=not options.lost, through=target)
        check_names(recovery, options, now.known_points)
        if active := _foresee_active(recovery, options, now):
            return active
        return with_permissions(foresee(recovery, options, now, target), options, target)


def _foresee_active(recovery: Recovery, options: FailoverOptions, now: RecoveryStatus) -> Forecast | None:
    """Return a forecast with one error where the end is active already; None: it is not. No takeover would
    touch its volumes and points.
    """
    verb, situation = takeover_verb(recovery, options), now.situation
    assert situation is not None
    refusal = may(verb, situation)
    if refusal is None or refusal.rule not in ACTIVE_ALREADY:
        return None
    error = explain(recovery, verb, refusal, situation)
    rto, as_of = seconds(recovery.plan.rto), iso(options.as_of.timestamp()) if options.as_of else None
    return Forecast(recovery, (), now, rto, 0.0, None, "", (error,), as_of=as_of, is_active=True)


def with_permissions(found: Forecast, options: FailoverOptions, target: Connection) -> Forecast:
    """Add what the credentials of the end that becomes active may not do.

    `status` does not include it: on some providers it takes a call for each action.
    """
    recovery = found.recovery
    seen = target.observe(recovery.target_scope).resources
    denied = doubts(options, permission_findings(recovery, target, seen))
    return evolve(found, findings=(*found.findings, *denied, *trust_findings(recovery)))


def foresee(
    recovery: Recovery,
    options: FailoverOptions,
    now: RecoveryStatus,
    target: Connection,
    occasion: Kind | None = None,
) -> Forecast:
    """Foresee the takeover that `options` describes, in the situation of a status. One that was planned stays
    so. `target` is connected with the names of the topology. With `refresh` as `occasion`, it foresees a
    refresh.
    """
    occasion = occasion or occasion_of(recovery)
    situation = now.situation
    assert situation is not None
    options = as_decided(recovery, options, situation.turn if situation.active == end_of(recovery) else None)
    left = peer_of(end_of(recovery))
    takeover = situation.takeover if situation.phase == "taking over" else None
    planned = is_planned(recovery, options, situation)
    if takeover and takeover.planned and situation.active != left and not situation.restoring:
        planned = not options.lost
    planned = planned and situation.answers(left)
    catalogue = target.catalogue()
    ledger = Ledger(target, recovery.ledger)
    selection = Selection(recovery, options, target)
    selected = selection.look(ledger)
    chosen = selected.points
    there = target.observe(recovery.target_scope)
    snapshots = target.observe(recovery.points)
    judges_data = not planned or bool(options.as_of)
    planned = planned and occasion != "refresh"
    in_vault = points_to_fetch(recovery, chosen, snapshots)
    here = [point for point in chosen if point not in in_vault]
    placed = place(recovery.topology, recovery.target)
    accepted = Accepted(selected.blank, any_key=options.insist)
    placed = all_at_once(place_with_data(recovery, placed, here, snapshots, accepted))
    there = rename_resources(placed, there, target.provider.drivers)  # as the plan of the takeover does
    old = outdated_volumes(placed, there, _stale(recovery, now), selected.blank)
    replaced = set(there.of(Volume)) & _data_volumes(recovery, placed) if planned else old
    overwrites = foresee_overwrites(recovery, situation, placed, there, replaced, lost=options.lost)

    def plan_roles(roles: Collection[str]) -> Plan:
        mine = frozenset(address for address in old if placed.roles[address] in roles)
        return make_plan(placed, catalogue, there, target.provider.drivers, replacement_options(mine, roles))

    plans = [plan_roles(roles) for roles in _roles_so_far(recovery)]
    contents = ledger.read()
    entries = contents.entries
    measured, drill = _last_measured(ended_drills(entries))
    time = target.now()
    facts = ReadinessFacts(
        situation,
        now,
        time,
        placed=tuple(each for plan in plans[-1:] for each in _plan_findings(plan, hosts_of(placed, old))),
        transfer_hosts=tuple(transfer_findings(recovery, target, catalogue, in_vault)),
        keys=tuple(key_findings(recovery, target, keys_of(placed, here, snapshots))),
        records=tuple(record_findings(recovery, target.provider.records, catalogue)),
        probers=tuple(prober_findings(recovery)),
        vault=(
            *missing_file_findings(recovery, fetches=planned or bool(in_vault)),
            *needless_block_findings(recovery),
        ),
        fetches=planned or bool(in_vault),
        hooks=tuple(_unready_hooks(recovery, options, occasion)),
        data=tuple(selection.findings(selected, under_way=now.turn is not None)) if judges_data else (),
        passed_over=selected.passed_over if judges_data else (),
        no_last_point=_no_last_point(recovery, options, target) if planned else (),
        overwrites=overwrites,
        measured=measured,
        measured_in=drill,
        is_approved=is_approved(recovery, target, entries),
        is_refresh=occasion == "refresh",
    )
    own = _own_data_time(recovery, situation, contents, time)
    data = (
        *_points_used(selected, now, Ages(points(entries), time)),
        *(_own_source(recovery, name, own, time) for name in selected.own),
    )
    waves = tuple(_wave(recovery, placed, plans, number) for number in range(len(plans)))
    return Forecast(
        recovery,
        waves,
        now,
        seconds(recovery.plan.rto),
        round(sum(wave.floor_seconds for wave in waves), 3),
        measured,
        drill,
        readiness(recovery, options, facts),
        data if judges_data else (),
        iso(options.as_of.timestamp()) if options.as_of else None,
        planned and not options.as_of,
    )


def _plan_findings(plan: Plan, stopped: Collection[Address]) -> Iterable[Finding]:
    """Yield the findings of the plan of all waves. The takeover stops some hosts first, and starts them when
    their volumes are attached: a note to restart one of these is not true.
    """
    yield from (each for each in plan.findings if each.rule != MOUNTS or each.subject not in stopped)
    yield from file_errors(plan)


def file_errors(plan: Plan) -> Iterable[Finding]:
    """Yield the errors about files that hosts get at their first boot: those have no room, for example."""
    plugin = registry.plugin_of(plan.placed.environment)
    return (each for each in plan_findings(plan, plugin) if each.severity is Severity.ERROR)


def _roles_so_far(recovery: Recovery) -> list[list[str]]:
    """Return, for each wave, its roles and those of all waves before it."""
    waves = recovery.plan.waves
    return [[role for wave in waves[: number + 1] for role in wave.roles] for number in range(len(waves))]


def _points_used(selected: Selected, now: RecoveryStatus, ages: Ages) -> Iterable[DataSource]:
    """Yield the points that are used. Points that the status has get the same age as there."""
    known = {each.id: each.age for each in now.points}
    for point in selected.points:
        age = known.get(point.id, ages.of(point).seconds)
        yield DataSource(point.group, f"point {point.id}", age, iso(point.taken))


def _own_source(recovery: Recovery, group: str, written: float | None, now: float) -> DataSource:
    """Return own volumes as the data of a group, `written` to until then; None: not known."""
    what = f"{OWN} {recovery.target.name}"
    if written is None or written == ANY_AGE:
        return DataSource(group, what, None)
    return DataSource(group, what, age_at(written, now), iso(written))


def _own_data_time(recovery: Recovery, now: Situation, contents: Contents, time: float) -> float | None:
    """Return until when own volumes of the end that becomes active were written to, by its lease and ledger.
    None: they do not record it, or that end was never overtaken.
    """
    end = end_of(recovery)
    if now.turn and now.active == end:
        return now.turn.own_until
    known = now.facts(end).authority
    return own_data_time(known.epoch, contents, time) if known and known.active != end else None


def _last_measured(drills: Iterable[DrillEntry]) -> tuple[float | None, str]:
    """Return the seconds and the id of the last drill that came up; None and an empty id: none did."""
    came_up = [(each.rto_measured, each.id) for each in drills if each.rto_measured is not None]
    return came_up[-1] if came_up else (None, "")


def _stale(recovery: Recovery, now: RecoveryStatus) -> Collection[str]:
    """Return the roles whose volumes in the target a failover replaces: their data is of its last active
    time.
    """
    restored = now.turn.restored if now.turn else ()
    return (
        () if now.active_since else [role for role in recovery.plan.roles if short_id(role) not in restored]
    )


def _wave(recovery: Recovery, placed: Placed, plans: list[Plan], number: int) -> WaveForecast:
    """Return what a wave adds to the waves before it."""
    wave, plan = recovery.plan.waves[number], plans[number]
    before = plans[number - 1] if number else None
    calls = before.budget.calls if before else 0
    floor = before.budget.floor_seconds if before else 0.0
    return WaveForecast(
        wave.roles,
        sum(isinstance(s, Instance) and placed.roles[a] in wave.roles for a, s in placed.resources.items()),
        len(plan.changes) - (len(before.changes) if before else 0),
        plan.budget.calls - calls,
        round(max(0.0, plan.budget.floor_seconds - floor), 3),
        estimate(plan, before.steps if before else ()),
        seconds(wave.limit),
        tuple(map(name_of, wave.gates)),
    )


def _data_volumes(recovery: Recovery, placed: Placed) -> set[Address]:
    """Return the volumes of all groups."""
    return {volume for group in groups(recovery, placed) for volume in group.volumes}


def _no_last_point(recovery: Recovery, options: FailoverOptions, target: Connection) -> list[str]:
    """Return, in words, the groups that cannot have a last point, or whose last point cannot be restored."""
    with connect_source(recovery) as source:
        there = source.observe(recovery.source_scope)
    placed, found = place(recovery.topology, recovery.target), []
    for group in groups(recovery, place(recovery.topology, recovery.source)):
        if why := capture_problem(recovery, group, there, target):
            found.append(f"no last point of {group.name} can be made: {why}")
        elif not options.as_of and (why := size_problem(group, there, placed)):
            found.append(f"no last point of {group.name} can be restored: {why}")
    return found


def _unready_hooks(recovery: Recovery, options: FailoverOptions, occasion: Kind) -> Iterable[UnreadyHook]:
    """Yield the hooks that cannot be called from this machine."""
    plan = recovery.plan
    ready = [hook for role in recovery.topology.roles if role.name in plan.roles for hook in role.ready]
    needed = [*ready, *(gate for wave in plan.waves for gate in wave.gates)]
    needed += [action.run for action in plan.actions if occasion in action.on and not action.manual]
    if recovery.is_reversed and not options.lost:  # a failback begins with a point of running hosts
        needed += [hook for policy in plan.data for hook in (*policy.before, *policy.after)]
    called_here = [hook for hook in plan.hooks if hook not in plan.hooks_inside]
    for hook in dict.fromkeys([*ready, *called_here]):
        if problem := why_not_callable(hook):
            yield UnreadyHook(name_of(hook), problem, hook in needed)
