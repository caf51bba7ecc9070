"""The guard of the two environments of a recovery plan: it permits or forbids a plan of either one."""

from collections.abc import Iterable, Iterator

from attrs import evolve, frozen

from portinfra.command_text import command
from portinfra.errors import DeclarationError
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Plan
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.strict import strict
from portinfra.model.topology import Topology
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts_for_plan
from portinfra.recovery.situation.permissions import Refusal, Verb, may
from portinfra.recovery.situation.refusals import explain
from portinfra.recovery.situation.situation import End, Situation
from portinfra.validation.arguments import check_arguments
from portinfra.words import suggestion


@frozen(field_transformer=strict)
class GuardedRecovery(Recovery):
    """A recovery as the `Guard` of its two environments."""

    def findings(self, plan: Plan) -> Iterator[Finding]:
        """Return what forbids a plan of either environment. Reads leases and ledgers of both."""
        scopes: tuple[tuple[End, object], ...] = (
            ("source", self.source_scope),
            ("target", self.target_scope),
        )
        for end, scope in scopes:
            if plan.scope == scope:
                yield from self._findings(plan, end, read_facts_for_plan(self, end, plan))

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
        elif end == "target" and now.authority is None:
            yield from _blank_findings(plan, self.plan.name)

    def _at(self, plan: Plan, verb: Verb, refusal: Refusal, now: Situation) -> Finding:
        environment = plan.placed.environment
        found = explain(self, verb, refusal, now)
        return evolve(found, subject=f"environment.{environment.name}", location=environment.location)


def _blank_findings(plan: Plan, recovery: str) -> Iterator[Finding]:
    """Return a warning for a plan that creates resources in the target before any failover: people may look
    for data there.
    """
    if any(change.action == "create" for change in plan.changes):
        environment = plan.placed.environment
        yield Finding(
            "recovery/not-its-turn",
            f"{environment.name} is the target of recovery plan {recovery}, and has not taken over: "
            "what this makes is blank",
            f"To take over: {command('dr', 'failover', recovery)}; to try it: "
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
