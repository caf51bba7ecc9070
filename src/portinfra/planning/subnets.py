"""Subnets that exist stay where they are: a declaration that would move them is refused, with the mend.

A role without `slot=` has its position as slot. So a role that is removed, or added in the middle, would
move all later ones. The mend for the first is one line, `retired`; for the second it is an order of roles.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Spec, Subnet
from portinfra.model.topology import Role, Topology
from portinfra.placement import ZONES_MAX
from portinfra.planning.roles import role_of

RULE = "plan/subnet-moves"


def moves(placed: Placed, wanted: Mapping[Address, Spec], observation: Observation) -> list[Finding]:
    """Return one finding for all subnets that exist elsewhere, with the line that keeps them.

    Only where roles have a `slot` of their own that changed, each of these has a finding.
    """
    moved: dict[str, tuple[str, str]] = {}
    subnets = observation.of(Subnet)
    for address, want in wanted.items():
        seen = subnets.get(address)
        if not isinstance(want, Subnet) or seen is None or seen.spec.cidr == want.cidr:
            continue
        role = placed.roles.get(address)
        if role is None:
            return [_single(address, seen.spec, want)]
        moved.setdefault(role, (seen.spec.cidr, want.cidr))
    return list(_findings(placed, observation, moved)) if moved else []


def _findings(
    placed: Placed, observation: Observation, moved: Mapping[str, tuple[str, str]]
) -> Iterator[Finding]:
    topology = placed.topology
    if any(_slot(before, placed) is None for before, _ in moved.values()):
        yield _of_topology(placed, moved, _old_cidr(placed))
        return
    own = [role for role in topology.roles if role.slot is not None and role.name in moved]
    if own:
        for role in own:
            yield _of_role(role, placed, *moved[role.name])
        return
    there = _slots_there(placed, observation)
    yield _of_topology(placed, moved, _mend(topology, there))


def _of_role(role: Role, placed: Placed, before: str, after: str) -> Finding:
    slot = _slot(before, placed)
    line = f"slot = {slot}" if _is_hcl(placed.topology) else f"slot={slot}"
    return Finding(
        RULE,
        f"its subnet exists as {before} and would move to {after}, with every host in it",
        f'Write this in the role "{role.name}": {line}',
        subject=f"role.{role.name}.slot",
        location=role.location,
    )


def _of_topology(placed: Placed, moved: Mapping[str, tuple[str, str]], fix: str) -> Finding:
    ways = [f"{role} from {before} to {after}" for role, (before, after) in moved.items()]
    shown = ", ".join(ways[:3]) + (f" and {len(ways) - 3} more" if len(ways) > 3 else "")
    return Finding(
        RULE,
        f"subnets that exist would move, with every host in them: {shown}",
        fix,
        subject=f"topology.{placed.topology.name}",
        location=placed.topology.location,
    )


def _single(address: Address, seen: Subnet, want: Subnet) -> Finding:
    return Finding(
        RULE,
        f"it exists as {seen.cidr} and would move to {want.cidr}, with every host in it",
        "Give it another name, or remove it first, with what is in it.",
        subject=address,
    )


def _mend(topology: Topology, there: Mapping[str, int]) -> str:
    """Return what keeps each role in the slot that it has `there`, which names removed roles too."""
    if line := _retired_line(topology, there):
        return f'{_change(topology)} "{topology.name}": {line}'
    last = len(topology.roles) + max(there.values())
    roles = sorted(
        topology.roles, key=lambda role: last if role.slot is not None else there.get(role.name, last)
    )
    ordered = evolve(topology, roles=roles)
    fix = f"Declare the roles in this order: {', '.join(role.name for role in roles)}."
    line = _retired_line(ordered, there) if not _keeps(ordered, there) else ""
    return f'{fix} {_change(topology)} "{topology.name}": {line}' if line else fix


def _change(topology: Topology) -> str:
    return (
        "Replace `retired` by this line in the topology"
        if topology.retired
        else "Add this line to the topology"
    )


def _retired_line(topology: Topology, there: Mapping[str, int]) -> str:
    """Return the attribute `retired` that keeps each role in its slot; empty where none does."""
    for retired in (_removed(topology, there), _gaps(topology, there)):
        if _keeps(evolve(topology, retired=retired), there):
            return _line(topology, retired)
    return ""


def _keeps(topology: Topology, there: Mapping[str, int]) -> bool:
    """Whether each role is in its slot, and no role has a slot of its own that is retired."""
    slots = dict(zip((role.name for role in topology.roles), topology.slots, strict=True))
    own = {role.slot for role in topology.roles if role.slot is not None}
    in_place = all(there.get(name, slot) == slot for name, slot in slots.items())
    return in_place and not own.intersection(topology.retired.values())


def _removed(topology: Topology, there: Mapping[str, int]) -> dict[str, int]:
    """Return the retired roles with those that exist and are declared no more, before the last that is."""
    names = {role.name for role in topology.roles}
    last = max(slot for name, slot in there.items() if name in names)
    gone = {name: slot for name, slot in there.items() if name not in names and slot < last}
    return {**topology.retired, **gone}


def _gaps(topology: Topology, there: Mapping[str, int]) -> dict[str, int]:
    """Return the retired roles with each slot that has to stay free before a role."""
    names = {slot: name for name, slot in there.items()}
    kept = {slot: name for name, slot in topology.retired.items()}
    slot = 0
    for role in topology.roles:
        while slot in kept:
            slot += 1
        while role.slot is None and slot < there.get(role.name, slot):
            kept.setdefault(slot, names.get(slot, f"gone-{slot}"))
            slot += 1
        slot += 1
    return {name: slot for slot, name in kept.items()}


def _slots_there(placed: Placed, observation: Observation) -> dict[str, int]:
    """Return the slot of each role that has subnets, declared or not."""
    slots: dict[str, int] = {}
    new_names = {role.renamed_from: role.name for role in placed.topology.roles if role.renamed_from}
    for address, seen in observation.resources.items():
        if isinstance(seen.spec, Subnet) and (slot := _slot(seen.spec.cidr, placed)) is not None:
            name = role_of(placed, address)
            slots.setdefault(new_names.get(name, name), slot)
    return slots


def _slot(cidr: str, placed: Placed) -> int | None:
    """Return the slot that a subnet lies in; None where it fits none of this environment's."""
    whole, subnet = IPv4Network(placed.environment.cidr), IPv4Network(cidr)
    if subnet.prefixlen != placed.environment.subnet_prefix or not subnet.subnet_of(whole):
        return None
    offset = int(subnet.network_address) - int(whole.network_address)
    return offset // subnet.num_addresses // ZONES_MAX


def _old_cidr(placed: Placed) -> str:
    name = placed.environment.name
    return f'Give the environment "{name}" the cidr and subnet_prefix it had; a move is a new environment.'


def _is_hcl(topology: Topology) -> bool:
    return topology.location.file.endswith(".hcl")


def _line(topology: Topology, retired: Mapping[str, Any]) -> str:
    """Return the attribute in the language of the topology's file."""
    by_slot = sorted(retired.items(), key=lambda item: item[1])
    if _is_hcl(topology):
        pairs = ", ".join(f"{_key(name)} = {slot}" for name, slot in by_slot)
        return f"retired = {{ {pairs} }}"
    pairs = ", ".join(f'"{name}": {slot}' for name, slot in by_slot)
    return f"retired={{{pairs}}}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[a-z][a-z0-9-]*", name) else f'"{name}"'
