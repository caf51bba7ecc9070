"""Rules about services: their traffic is encrypted, a host offers each, and a recovery plan watches each."""

from collections.abc import Iterator

from portinfra.model.finding import Severity
from portinfra.model.location import Location
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Role
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Found, Offer, rule


@rule(
    "check/service-without-tls",
    Severity.ERROR,
    "Leave tls out, or waive the rule in the role with a reason.",
    enforces="R17",
    declaration_only=True,
)
def service_without_tls(context: PolicyContext) -> Iterator[Found]:
    """A service with `tls="none"`: others on the network can read its traffic."""
    for role in context.roles:
        for service in role.offers:
            if service.tls == "none":
                tls, waiver = service.location.write("tls", '"proxy"'), _waiver(role, "service-without-tls")
                fix = f"Write {tls} in the service. Or write {waiver} in the role, with the reason."
                yield Offer(role, service, "tls"), f"its service {service.name!r} has no TLS", fix


@rule(
    "check/service-without-host",
    Severity.ERROR,
    "Give the role that offers it at least one host.",
    enforces="R6",
    declaration_only=True,
)
def service_without_host(context: PolicyContext) -> Iterator[Found]:
    """A role with hosts calls a service that no host offers in this environment."""
    counts = {role.name: role.count for role in context.roles}
    offered_by = {service.name: role.name for role, service in context.topology.services}
    for flow in context.topology.flows:
        owner = offered_by.get(flow.service, "")
        callers = [source for source in flow.sources if counts.get(source)]
        if owner and callers and not counts[owner]:
            message = (
                f"{callers[0]!r} calls the service {flow.service!r}, which no host of {owner!r} offers in "
                f"{context.environment.name}"
            )
            yield flow, message, _more_hosts(context, owner)


@rule(
    "check/service-without-probe",
    Severity.WARNING,
    "Let a probe of the recovery plan call it.",
    enforces="R16",
    declaration_only=True,
)
def service_without_probe(context: PolicyContext) -> Iterator[Found]:
    """A service that no probe of the environment's recovery plan calls, and behind which none reads data."""
    for plan in context.recoveries:
        called = {name for probe in plan.probes for name in probe.calls}
        read = {name for probe in plan.probes for name in probe.reads}
        for role in context.roles:
            for service in role.offers:
                if service.name not in called and role.name not in read and role.name in plan.roles:
                    message = (
                        f"no probe of the recovery plan {plan.name!r} watches its service {service.name!r}"
                    )
                    yield Offer(role, service), message, _probe(plan, service.name)


def _waiver(role: Role, rule: str) -> str:
    pair = role.location.choose(f'{{"check/{rule}": "…"}}', f'{{ "check/{rule}" = "…" }}')
    return role.location.write("waive", pair)


def _more_hosts(context: PolicyContext, role: str) -> str:
    """Return where the number of hosts is declared, and what to write there."""
    environment = context.environment
    if "count" not in environment.roles.get(role, {}):
        declared = context.topology.role(role)
        return f"Write {declared.location.write('count', '3')} in the role {role!r}{_at(declared.location)}."
    where = environment.location
    line = where.choose(f'roles={{"{role}": {{"count": 3}}}}', f'role "{role}" {{ count = 3 }}')
    return f"Write {line} in the environment {environment.name!r}{_at(where)}."


def _probe(plan: RecoveryPlan, service: str) -> str:
    """Return the line of a probe that calls a service, and where probes are declared."""
    where = (plan.probes[0] if plan.probes else plan).location
    calls = where.write("calls", f'["{service}"]')
    if plan.probes:
        return f"Add it to a probe that calls it, such as {plan.probes[0].name!r}{_at(where)}: {calls}."
    probe = where.choose(f'Probe("{service}", …)', f'probe "{service}" {{ … }}')
    return f"Add {probe} with {calls} to the recovery plan{_at(where)}."


def _at(location: Location) -> str:
    return f" ({location})"


SERVICES = (service_without_tls, service_without_host, service_without_probe)
