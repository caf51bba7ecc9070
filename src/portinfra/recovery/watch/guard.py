"""The guard of the two environments of a recovery plan: it permits or forbids a plan of either one, and
decides whether hosts of the target run as a standby.
"""

from collections.abc import Iterable, Iterator

from attrs import evolve

from portinfra.command_text import command
from portinfra.errors import DeclarationError
from portinfra.execution.connection import Connection
from portinfra.format import suggestion
from portinfra.model.address import Address
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.internet import describe_flows, flows_from_internet, without_internet
from portinfra.model.lease import Lease
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.resources import Instance, Spec
from portinfra.model.strict import strict
from portinfra.model.topology import Topology
from portinfra.placement import place
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.drills import KIND as DRILL
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.standbys import groups_with_newest, is_recorded, record_standby, standby_number
from portinfra.recovery.ledger.takeovers import ACTIVATED, KIND, own_data_number
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts, read_facts_for_plan
from portinfra.recovery.situation.leftovers import find_hosts
from portinfra.recovery.situation.permissions import Refusal, Verb, may, next_verbs
from portinfra.recovery.situation.refusals import explain, next_step
from portinfra.recovery.situation.situation import End, Situation, is_contained, is_replaceable, peer_of
from portinfra.recovery.watch.blank_volumes import blank_volume_findings
from portinfra.validation.arguments import check_arguments
from portinfra.value import frozen


@frozen(field_transformer=strict)
class GuardedRecovery(Recovery):
    """A recovery as the `Guard` of its two environments."""

    def findings(self, plan: Plan) -> Iterator[Finding]:
        """Yield the findings that forbid a plan of either environment, and what a standby is. Reads leases
        and ledgers of both.
        """
        scopes: tuple[tuple[End, object], ...] = (
            ("source", self.source_scope),
            ("target", self.target_scope),
        )
        for end, scope in scopes:
            if plan.scope == scope:
                yield from self._findings(plan, end, read_facts_for_plan(self, end, plan))

    def as_standby(self, placed: Placed, lease: Lease | None) -> Placed | None:
        """Return the resources that the target has as a standby.

        None: it is active, the plan declares no standby, or own volumes have data that its hosts must not
        change.
        """
        if not self.has_standby or placed.scope != self.target_scope:
            return None
        if lease and lease.epoch:
            if not lease.fenced or self._has_own_data():
                return None
        elif self._ledger_has_takeovers() and read_facts(self, hosts=False).active == "target":
            return None  # its lease was deleted
        return place(without_internet(placed.topology), placed.environment)

    def begin_standby(self, plan: Plan) -> None:
        """Record in the ledger that hosts of a standby may write to its volumes from now on."""
        with Connection.to(self.target) as target:
            ledger = Ledger.after_settling(target, self.ledger)
            if is_recorded(ledger.read()):
                return
            replaceable = is_replaceable(read_facts(self, through=[target]), "target")
            record_standby(ledger, f"standby-{int(target.now()):x}", replaceable=replaceable)

    def _ledger_has_takeovers(self) -> bool:
        """Return whether a takeover to the target ever began. Without one, plans need not read both ends."""
        with Connection.to(self.target) as target:
            contents = Ledger(target, self.ledger).read()
        kinds = {each.kind for each in contents.entries} | {each.kind for each in contents.unreadable}
        return not kinds.isdisjoint((KIND, ACTIVATED))

    def _has_own_data(self) -> bool:
        """Return whether volumes of the target have the newest data of a group, or data that the source never
        got. Data that hosts of a standby may have changed does not count.
        """
        with Connection.to(self.target) as target:
            contents = Ledger.after_settling(target, self.ledger).read()
        if standby_number(contents) > own_data_number(contents):
            return False
        named = groups(self, place(self.topology, self.target))
        newest = groups_with_newest(contents, [group.name for group in named])
        return bool(newest) or not is_contained(read_facts(self, hosts=False), "target")

    def _findings(self, plan: Plan, end: End, now: Situation) -> Iterator[Finding]:
        apply = Verb("apply", end)
        refusal = may(apply, now)
        if plan.destroys:
            destroy = Verb("destroy", end)
            if forbidden := may(destroy, now):
                yield self._at(plan, destroy, forbidden, now)
            elif refusal and not plan.fenced:  # it starts no host, so two environments cannot become active
                yield evolve(self._at(plan, apply, refusal, now), severity=Severity.WARNING)
        elif refusal:
            yield self._at(plan, apply, refusal, now)
        elif plan.standby:
            yield self._standby_finding(plan)
        elif end == "target" and self.has_standby and plan.fenced:
            yield self._standby_waits(plan, now)
        elif end == "target" and now.authority is None:
            yield from _blank_findings(plan, self.plan.name)
        if end == "source" or now.authority is not None:
            yield from blank_volume_findings(self, plan, end, now)
        if now.open and (step := next_step(self, next_verbs(now))):
            for each in (each for each in plan.findings if each.rule == "recovery/fenced"):
                yield evolve(each, fix=f"A takeover is not finished. {step}")
        yield from self._left_findings(plan, end, now)

    def _left_findings(self, plan: Plan, end: End, now: Situation) -> Iterator[Finding]:
        """Yield findings for hosts that a run left in the network of the environment: they block a
        destroy.
        """
        way, facts, environment = self.from_end(peer_of(end)), now.facts(end), plan.placed.environment
        if all(run.kind == DRILL for run in facts.open_runs):
            return
        with Connection.to(environment) as connection:
            found, _ = find_hosts(way, facts, now.facts(peer_of(end)), connection)
        for each in (each for each in found if each.what == "probe host"):
            yield Finding(
                "recovery/left-behind",
                each.message,
                f"{each.fix} Then run the same command again.",
                Severity.ERROR if plan.destroys else Severity.WARNING,
                subject=f"environment.{environment.name}",
                location=environment.location,
            )

    def _standby_finding(self, plan: Plan) -> Finding:
        closed = ", ".join(describe_flows(flows_from_internet(self.topology)))
        name, environment = self.plan.name, plan.placed.environment
        stay = f"; until it is active these flows stay closed: {closed}" if closed else ""
        off = _hosts_left_off(plan)
        hosts = f"this plan leaves {', '.join(off)} off" if off else "its hosts run"
        newer = "start them with newer data" if off else "bring newer data there"
        return Finding(
            "recovery/standby",
            f"{environment.name} is the standby of recovery plan {name}: {hosts}{stay}",
            f"To {newer}: {command('dr', 'refresh', name)}. To make it active: "
            f"{command('dr', 'failover', name)}.",
            Severity.WARNING,
            subject=f"environment.{environment.name}",
            location=environment.location,
        )

    def _standby_waits(self, plan: Plan, now: Situation) -> Finding:
        name, environment = self.plan.name, plan.placed.environment
        what, then = "its own volumes have the newest data of a group", "Then run the same command again."
        if not is_contained(now, "target"):
            what = f"its own volumes have data that {self.source.name} never got"
            then = f"Then {command('dr', 'refresh', name)} keeps a snapshot of each volume, and starts them."
        return Finding(
            "recovery/standby-waits",
            f"hosts of {environment.name} stay off: {what}, which hosts of a standby would change",
            f"Make newer points first: {command('dr', 'replicate', name)}. {then}",
            Severity.WARNING,
            subject=f"environment.{environment.name}",
            location=environment.location,
        )

    def _at(self, plan: Plan, verb: Verb, refusal: Refusal, now: Situation) -> Finding:
        environment = plan.placed.environment
        found = explain(self, verb, refusal, now)
        return evolve(found, subject=f"environment.{environment.name}", location=environment.location)


def _hosts_left_off(plan: Plan) -> list[str]:
    """Return the names of the hosts that are off, and stay so in this plan: their roles ignore the power."""
    after: dict[Address, Spec | None] = {
        a: seen.spec for a, seen in plan.observation.of(Instance).items() if a in plan.wanted
    }
    after |= {change.address: change.after for change in plan.changes}
    off = (a for a, spec in after.items() if isinstance(spec, Instance) and spec.power == "stopped")
    return [address.name for address in sorted(off)]


def _blank_findings(plan: Plan, recovery: str) -> Iterator[Finding]:
    """Yield a warning for a plan that creates resources in the target before any failover: operators may look
    for data there.
    """
    if any(change.action == "create" for change in plan.changes):
        environment = plan.placed.environment
        yield Finding(
            "recovery/not-its-turn",
            f"{environment.name} is the target of recovery plan {recovery}, and has not taken over: "
            "the resources that this plan creates are blank",
            f"To take over: {command('dr', 'failover', recovery)}. To test a takeover: "
            f"{command('dr', 'drill', recovery)}.",
            Severity.WARNING,
            subject=f"environment.{environment.name}",
            location=environment.location,
        )


@check_arguments
def recoveries_of(
    topology: Topology,
    environment: Environment,
    plans: Iterable[RecoveryPlan],
    environments: Iterable[Environment],
) -> tuple[GuardedRecovery, ...]:
    """Return the recoveries that have an environment of a topology as their source or target.

    They are the guards of its plans. `plans` are the recovery plans of the topology, and `environments` all
    that they name. Raises DeclarationError for a name that is not among them; nothing else is checked.
    """
    named = {each.name: each for each in environments}

    def find(plan: RecoveryPlan, name: str) -> Environment:
        if name not in named:
            message = f"recovery plan {plan.name!r} names environment {name!r}, which is not given"
            raise DeclarationError(message, location=plan.location, fix=suggestion(name, named, "Give it."))
        return named[name]

    return tuple(
        GuardedRecovery(plan, topology, find(plan, plan.source), find(plan, plan.target))
        for plan in plans
        if environment.name in (plan.source, plan.target)
    )
