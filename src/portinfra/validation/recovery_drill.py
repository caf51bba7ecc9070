"""Checks of recovery plans: how a drill is made, and from where people can connect to it."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from portinfra.format import suggestion
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.validation.recovery_environments import network
from portinfra.validation.recovery_part import Part

TWICE = (("cidr", "drill_cidr", ""), ("limit", "drill_limit", "4h"), ("accept", "accept", "data"))
"""Attribute of the block, attribute of the plan with the same meaning, and the default of the latter."""


def drill_findings(
    recovery: RecoveryPlan, topology: Topology | None, environments: Sequence[Environment]
) -> Iterator[Finding]:
    """Yield a finding for settings that are given twice, and for access from everywhere or to nothing."""
    given = recovery.drill
    if given is None:
        return
    part = Part(f"recovery.{recovery.name}.drill", given.location)
    for attribute, former, default in TWICE:
        if getattr(given, attribute) and getattr(recovery, former) != default:
            message = f"{former} of the plan means the same"
            yield part.wrong("drill-twice", attribute, message, f"Leave {former} out.")
    if bool(given.reach) != bool(given.through):
        attribute = "through" if given.reach else "reach"
        message = (
            "reach (the addresses of people) and through (the role whose host they reach) need each other"
        )
        yield part.wrong("reach", attribute, message, "Give both, or leave both out.")
    elif given.through:
        yield from _range_findings(recovery, part, environments)
        yield from _role_findings(recovery, part, topology)


def _range_findings(
    recovery: RecoveryPlan, part: Part, environments: Sequence[Environment]
) -> Iterator[Finding]:
    taken: list[tuple[str, IPv4Network]] = []
    for environment in environments:
        room = network(environment.cidr)
        if environment.name in (recovery.source, recovery.target) and room:
            taken.append((f"environment {environment.name!r}", room))
    own = network(recovery.drills.cidr)
    taken += [("the drill itself", own)] if own else []
    assert recovery.drill is not None
    for text in recovery.drill.reach:
        named = network(text)
        if named is None:
            message = f"{text!r} is no range of IPv4 addresses"
            yield part.wrong("reach", "reach", message, "Write 203.0.113.7/32, for example.")
            continue
        for name, room in taken:
            if named.overlaps(room):
                message = f"{text} contains addresses of {name} ({room}), and a drill reaches neither"
                yield part.wrong("reach", "reach", message, "Name the addresses of the people who try it.")


def _role_findings(recovery: RecoveryPlan, part: Part, topology: Topology | None) -> Iterator[Finding]:
    assert recovery.drill is not None
    role = recovery.drill.through
    if role not in recovery.roles:
        fix = suggestion(role, recovery.roles, "Name its role in a wave.")
        yield part.wrong("unknown-role", "through", f"no wave restores {role!r}", fix)
        return
    roles = {each.name for each in topology.roles} if topology else set()
    flows = topology.flows if topology else ()
    if topology and not any(role in flow.targets and not roles.issuperset(flow.sources) for flow in flows):
        message = f"no flow from outside leads to {role!r}, so none of its ports is open to people"
        yield part.wrong("reach", "through", message, "Name a role that the internet or a range reaches.")
