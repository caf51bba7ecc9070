"""Existing subnets stay where they are. A plan that would move them is refused, with a correction.

A role without `slot=` has its position as slot. So a role that is removed, or added in the middle, would move
all later ones. For the first case the correction is one line, `retired`; for the second it is another order
of roles. Where neither keeps all subnets in place, roles get slots of their own. portinfra prints a
correction only if it moves nothing and validation accepts it.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import count
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


def subnet_findings(
    placed: Placed, wanted: Mapping[Address, Spec], observation: Observation
) -> list[Finding]:
    """Yield one finding for all subnets that would move, with what to write so that none moves.

    Where it is enough to give roles their former `slot`, each of these roles has a finding.
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
    there = _slots_there(placed, observation)
    own = [role for role in topology.roles if role.slot is not None and role.name in moved]
    if own and _keeps(_with_former_slots(topology, own, there), there):
        for role in own:
            yield _of_role(role, placed, *moved[role.name])
        return
    yield _of_topology(placed, moved, _in_words(topology, _correct(topology, there)))


def _of_role(role: Role, placed: Placed, before: str, after: str) -> Finding:
    slot = _slot(before, placed)
    return Finding(
        RULE,
        f"its subnet exists as {before} and would move to {after}, with every host in it",
        f'Write this in the role "{role.name}": {_slot_line(placed.topology, slot)}',
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


def _correct(topology: Topology, there: Mapping[str, int]) -> Topology:
    """Return the topology with the smallest change that keeps each role in the slot that it has `there`.

    `there` also names roles that were removed.
    """
    return next(corrected for corrected in _corrections(topology, there) if _keeps(corrected, there))


def _corrections(topology: Topology, there: Mapping[str, int]) -> Iterator[Topology]:
    """Yield corrected topologies, the smallest change first. The last one keeps each role in its slot."""
    last = len(topology.roles) + max(there.values())
    ordered = sorted(
        topology.roles, key=lambda role: last if role.slot is not None else there.get(role.name, last)
    )
    for roles in (topology.roles, ordered):
        declared = evolve(topology, roles=roles)
        yield declared
        for retired in (_removed_roles(declared, there), _gaps(declared, there)):
            yield evolve(declared, retired=retired)
    yield _with_slots(topology, there)


def _with_former_slots(topology: Topology, roles: list[Role], there: Mapping[str, int]) -> Topology:
    names = {role.name for role in roles}
    former = [
        evolve(role, slot=there.get(role.name, role.slot)) if role.name in names else role
        for role in topology.roles
    ]
    return evolve(topology, roles=former)


def _with_slots(topology: Topology, there: Mapping[str, int]) -> Topology:
    """Return the topology in which each role that would move has a slot of its own."""
    kept = _true_retired(topology, there)
    declared = evolve(topology, retired=kept)
    taken = {*there.values(), *kept.values()}
    roles = []
    for role, slot in zip(declared.roles, declared.slots, strict=True):
        free = slot if slot not in taken else next(each for each in count() if each not in taken)
        right = there.get(role.name, free)
        taken.add(right)
        roles.append(role if slot == right else evolve(role, slot=right))
    return evolve(declared, roles=roles)


def _keeps(topology: Topology, there: Mapping[str, int]) -> bool:
    """Return whether each role keeps its slot, no two roles have the same, and no role or its slot is
    retired.
    """
    names = [role.name for role in topology.roles]
    retired = topology.retired.values()
    in_place = all(there.get(name, slot) == slot for name, slot in zip(names, topology.slots, strict=True))
    used = [*topology.slots, *retired]
    return in_place and len(set(used)) == len(used) and not topology.retired.keys() & set(names)


def _true_retired(topology: Topology, there: Mapping[str, int]) -> dict[str, int]:
    """Return the retired roles without those that are declared, or whose slot a declared role has."""
    names = {role.name for role in topology.roles}
    taken = {slot for name, slot in there.items() if name in names}
    return {name: slot for name, slot in topology.retired.items() if name not in names and slot not in taken}


def _removed_roles(topology: Topology, there: Mapping[str, int]) -> dict[str, int]:
    """Return the retired roles with those that exist and are no longer declared, before the last existing
    role.
    """
    names = {role.name for role in topology.roles}
    last = max(slot for name, slot in there.items() if name in names)
    gone = {name: slot for name, slot in there.items() if name not in names and slot < last}
    return {**_true_retired(topology, there), **gone}


def _gaps(topology: Topology, there: Mapping[str, int]) -> dict[str, int]:
    """Return the retired roles with each slot that must stay free before a role."""
    names = {slot: name for name, slot in there.items()}
    kept = {slot: name for name, slot in _true_retired(topology, there).items()}
    slot = 0
    for role in topology.roles:
        while slot in kept:
            slot += 1
        while role.slot is None and slot < there.get(role.name, slot):
            kept.setdefault(slot, names.get(slot, f"gone-{slot}"))
            slot += 1
        slot += 1
    return {name: slot for slot, name in kept.items()}


def _in_words(topology: Topology, corrected: Topology) -> str:
    """Return what to write so that a topology becomes the corrected one."""
    ways = []
    names = [role.name for role in corrected.roles]
    if names != [role.name for role in topology.roles]:
        ways.append(f"Declare the roles in this order: {', '.join(names)}.")
    before = {role.name: role.slot for role in topology.roles}
    slots = [(role.name, role.slot) for role in corrected.roles if role.slot != before[role.name]]
    if slots:
        lines = [f'{_slot_line(topology, slot)} in the role "{name}"' for name, slot in slots]
        ways.append(f"Write {', '.join(lines)}.")
    if corrected.retired != topology.retired:
        ways.append(_retired_change(topology, corrected))
    return " ".join(ways)


def _retired_change(topology: Topology, corrected: Topology) -> str:
    if not corrected.retired:
        return f'Remove `retired` from the topology "{topology.name}".'
    way = "Replace `retired` by this line in" if topology.retired else "Add this line to"
    return f'{way} the topology "{topology.name}": {_line(topology, corrected.retired)}'


def _slot_line(topology: Topology, slot: int | None) -> str:
    return topology.location.write("slot", str(slot))


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
    """Return the slot of a subnet; None where it fits none of this environment's."""
    whole, subnet = IPv4Network(placed.environment.cidr), IPv4Network(cidr)
    if subnet.prefixlen != placed.environment.subnet_prefix or not subnet.subnet_of(whole):
        return None
    offset = int(subnet.network_address) - int(whole.network_address)
    return offset // subnet.num_addresses // ZONES_MAX


def _old_cidr(placed: Placed) -> str:
    name = placed.environment.name
    return f'Give the environment "{name}" the cidr and subnet_prefix it had; a move is a new environment.'


def _line(topology: Topology, retired: Mapping[str, Any]) -> str:
    """Return the attribute in the language of the topology's file."""
    by_slot = sorted(retired.items(), key=lambda item: item[1])
    if topology.location.is_hcl:
        pairs = ", ".join(f"{_key(name)} = {slot}" for name, slot in by_slot)
        return f"retired = {{ {pairs} }}"
    pairs = ", ".join(f'"{name}": {slot}' for name, slot in by_slot)
    return f"retired={{{pairs}}}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[a-z][a-z0-9-]*", name) else f'"{name}"'
