"""The declared access to a drill for manual tests: one public address, and rules for a few ranges. Pure.

A drill has no access from outside, and none to the outside. With `reach`, the first host of one role gets a
public address. The ports that the flows of that role open to the outside are open to these ranges alone. Only
replies leave the drill.
"""

from collections.abc import Iterable

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.evidence import WayIn
from portinfra.model.placed import Placed
from portinfra.model.resources import PublicAddress
from portinfra.model.topology import Flow, Topology
from portinfra.recovery.recovery import Recovery

WHY = "people try a drill by hand"


def way_in(recovery: Recovery) -> WayIn | None:
    """Return the access to a drill as evidence has it; None: there is none."""
    drills = recovery.plan.drills
    return WayIn(drills.reach, _first_host(drills.through)) if drills.reach else None


def open_way_in(recovery: Recovery, isolated: Topology) -> Topology:
    """Return the isolated topology of a drill with the declared access."""
    drills = recovery.plan.drills
    if not drills.reach:
        return isolated
    flows = [
        evolve(flow, sources=drills.reach, targets=(drills.through,), service="", why=WHY)
        for flow in flows_from_outside(recovery.topology, drills.through)
    ]
    roles = [evolve(role, public=WHY) if role.name == drills.through else role for role in isolated.roles]
    return evolve(isolated, roles=roles, flows=[*isolated.flows, *flows])


def flows_from_outside(topology: Topology, role: str) -> Iterable[Flow]:
    """Yield the flows from outside the topology to a role."""
    roles = {each.name for each in topology.roles}
    for flow in topology.flows:
        if role in flow.targets and not roles.issuperset(flow.sources):
            yield flow


def keep_one_address(recovery: Recovery, placed: Placed) -> Placed:
    """Return the placed resources with the public address of the first host alone."""
    first = Address(f"instance.{_first_host(recovery.plan.drills.through)}")
    return evolve(
        placed,
        resources={
            address: spec
            for address, spec in placed.resources.items()
            if not isinstance(spec, PublicAddress) or spec.instance == first
        },
    )


def _first_host(role: str) -> str:
    return f"{role}1"
