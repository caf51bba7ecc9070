"""The fence of an environment: while another environment is active, none of its hosts runs. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator

from attrs import evolve

from portinfra.command_text import command
from portinfra.format import moment
from portinfra.model.address import Address
from portinfra.model.finding import Finding, Severity
from portinfra.model.lease import Lease
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance, Spec
from portinfra.value import frozen


@frozen
class Fence:
    """The fence in the lease of an environment."""

    epoch: int = 0
    """The moment of the last takeover, in seconds since 1970; 0: there was none."""
    closed: bool = False
    """Whether another environment is active, or is about to be."""

    @classmethod
    def of(cls, lease: Lease | None) -> "Fence":
        """Return the fence that a lease records."""
        return cls(lease.epoch, lease.fenced) if lease else cls()

    def plan(self, placed: Placed, there: Observation, make: Callable[[Placed], Plan]) -> Plan:
        """Return the plan that the fence allows, with its findings.

        `make` plans the wanted resources. If its first plan would replace hosts, `make` plans once more with
        these hosts as they are.
        """
        if not self.closed:
            return make(placed)
        placed = placed.without_ignoring("power")
        plan = make(_power_off(placed, there))
        postponed = _hosts_to_replace(plan)
        if postponed:
            plan = make(_power_off(placed, there, kept=postponed))
        return _with(
            plan,
            _fence_finding(placed, self.epoch),
            *_postponed_hosts(postponed, refused=_hosts_to_replace(plan)),
        )

    def plan_to_destroy(self, placed: Placed, make: Callable[[Placed], Plan]) -> Plan:
        """Return the plan that deletes everything, with a finding where another environment is active."""
        plan = make(placed)
        return _with(plan, _fence_finding(placed, self.epoch)) if self.closed else plan


def find_host_starts(plan: Plan) -> Iterator[Finding]:
    """Return an error for each host that a plan of a fenced environment would start, create or replace."""
    for change in plan.changes:
        if not plan.fenced or not isinstance(change.after, Instance):
            continue
        if change.action in ("create", "replace") or change.after.power == "running":
            yield Finding(
                "recovery/fenced-host",
                f"{change.address} would run, and {plan.scope.environment} is fenced: another environment is "
                "active",
                f"Change it after this environment has become active again: {_become_active()}.",
                subject=change.address,
            )


def _become_active() -> str:
    return f"{command('dr', 'failback')}, or {command('dr', 'failover')} for the target of a recovery plan"


def _with(plan: Plan, *findings: Finding) -> Plan:
    return evolve(plan, findings=(*plan.findings, *findings))


def _power_off(placed: Placed, there: Observation, kept: Collection[Address] = ()) -> Placed:
    """Return `placed` with every existing host powered off. Missing hosts are not created: a new host always
    starts running. Hosts in `kept` keep the attributes that they have now.
    """
    resources: dict[Address, Spec] = {}
    missing: set[Address] = set()
    hosts = there.of(Instance)
    for address, spec in placed.resources.items():
        if isinstance(spec, Instance) and address in hosts:
            as_is = hosts[address].spec if address in kept else spec
            resources[address] = evolve(as_is, power="stopped")
        elif isinstance(spec, Instance) or missing.intersection(spec.references()):
            missing.add(address)
            if address in there.resources:  # a known address stays, though its host is gone
                resources[address] = there.resources[address].spec
        else:
            resources[address] = spec
    return evolve(placed, resources=resources)


def _hosts_to_replace(plan: Plan) -> frozenset[Address]:
    return frozenset(
        change.address
        for change in plan.changes
        if change.address.kind == Instance.kind and change.action == "replace"
    )


def _postponed_hosts(hosts: Iterable[Address], refused: Collection[Address]) -> Iterator[Finding]:
    """Yield a finding for each host whose replacement waits: an error for hosts that the options name."""
    for address in sorted(hosts):
        yield Finding(
            "recovery/fenced-host",
            f"{address} is not replaced: a new host starts running, and another environment is active",
            f"Replace it after this environment has become active again: {_become_active()}.",
            Severity.ERROR if address in refused else Severity.WARNING,
            subject=address,
        )


def _fence_finding(placed: Placed, epoch: int) -> Finding:
    name = placed.environment.name
    return Finding(
        "recovery/fenced",
        f"{name} is fenced ({moment(epoch)}): another environment is active or becomes active; the hosts of "
        f"{name} stay off",
        f"{command('dr', 'status')} shows which environment is active. To make this one active again: "
        f"{_become_active()}. To abandon a takeover: {command('dr', 'abandon')}.",
        Severity.WARNING,
        subject=f"environment.{name}",
    )
