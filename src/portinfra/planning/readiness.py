"""Which hosts are asked if they are ready, and what a rolling change waits for.

An apply asks every host of the roles that it selects, changed or not. So a run after a crash also asks the
hosts that the crashed run has changed, and no state has to be stored. Pure: `execution/readiness.py` asks the
hosts.
"""

from collections.abc import Collection, Iterable, Mapping

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.change import Step
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan, PlanOptions
from portinfra.model.resources import Instance, Spec
from portinfra.model.topology import Role
from portinfra.planning.ordering import goes_down, is_up


def hosts_to_ask(
    placed: Placed, wanted: Mapping[Address, Spec], observation: Observation, options: PlanOptions
) -> tuple[Address, ...]:
    """Return the hosts that should run, whose role has `ready`, and that the options select."""
    roles = {role.name for role in placed.topology.roles if role.ready}
    if not roles or not options.ask_ready:
        return ()
    every = not options.only and options.addresses is None
    silent = observation.unknown | options.without_zones
    return tuple(
        address
        for address, spec in wanted.items()
        if isinstance(spec, Instance)
        and spec.power == "running"
        and placed.roles.get(address) in roles
        and (every or placed.roles[address] in options.only or address in (options.addresses or ()))
        and spec.zone not in silent
    )


def questions(plan: Plan) -> tuple[Address, ...]:
    """Return the hosts that an apply of the plan asks, even if nothing else is left to do."""
    return hosts_to_ask(plan.placed, plan.wanted, plan.observation, plan.options)


def with_questions(plan: Plan) -> Plan:
    """Return the plan. A plan that changes nothing also asks its hosts."""
    if not plan.empty:
        return plan
    return evolve(plan, steps={Step("ready", host): frozenset() for host in questions(plan)})


def hosts_in_turn(plan: Plan) -> tuple[Address, ...]:
    """Return the hosts that the plan takes down one after another, and that are asked if they are ready."""
    down = [host for host in hosts_taken_down(plan) if Step("ready", host) in plan.steps]
    roles = [plan.placed.roles[host] for host in down]
    return tuple(host for host in down if roles.count(plan.placed.roles[host]) > 1)


def hosts_taken_down(plan: Plan) -> Iterable[Address]:
    """Return the hosts that serve now and that the plan takes down, if only for a moment."""
    for change in plan.changes:
        host = isinstance(change.after, Instance) and change.address in plan.placed.roles
        if host and goes_down(change) and is_up(plan.observation.resources.get(change.address)):
            yield change.address


def rolling_roles(plan: Plan) -> list[Role]:
    """Return the roles with hosts that serve now and that the plan takes down."""
    names: Collection[str] = {plan.placed.roles[host] for host in hosts_taken_down(plan)}
    return [role for role in plan.placed.topology.roles if role.name in names]


def is_rolling(plan: Plan, role: Role) -> bool:
    """Return whether at most `max_unavailable` hosts of a role go down at once.

    All go down at once where no host waits for another (`plan/all-at-once`).
    """
    hosts = [host for host in hosts_taken_down(plan) if plan.placed.roles[host] == role.name]
    first = [Step(phase, host) for host in hosts for phase in ("remove", "converge")]
    others = {step: {Step("converge", host) for host in hosts if host != step.address} for step in first}
    waits = any(others[step] & plan.steps.get(step, frozenset()) for step in first)
    return waits or len(hosts) <= role.max_unavailable
