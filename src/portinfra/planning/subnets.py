"""Subnets that exist stay where they are: a declaration that would move them is refused, with the mend."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network

from portinfra.model.address import Address
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Spec, Subnet
from portinfra.placement import ZONES_MAX


def moves(placed: Placed, wanted: Mapping[Address, Spec], observation: Observation) -> Iterable[Finding]:
    """One finding for each role whose subnets exist elsewhere, with the `slot=` line that keeps them."""
    told: set[str] = set()
    subnets = observation.of(Subnet)
    for address, want in wanted.items():
        seen = subnets.get(address)
        if not isinstance(want, Subnet) or seen is None or seen.spec.cidr == want.cidr:
            continue
        role = placed.roles.get(address)
        if role is None:
            yield _moved(address, seen.spec, want)
            continue
        if role in told:
            continue
        told.add(role)
        slot = _slot(seen.spec.cidr, placed)
        fix = f'Add slot={slot} to the role "{role}".' if slot is not None else _back(placed)
        yield Finding(
            "plan/subnet-moves",
            f"its subnet exists as {seen.spec.cidr} and would move to {want.cidr}, with every host in it",
            fix,
            subject=f"role.{role}.slot",
            location=placed.location(address),
        )


def _moved(address: Address, seen: Subnet, want: Subnet) -> Finding:
    return Finding(
        "plan/subnet-moves",
        f"it exists as {seen.cidr} and would move to {want.cidr}, with every host in it",
        "Give it another name, or remove it first, with what is in it.",
        subject=address,
    )


def _slot(cidr: str, placed: Placed) -> int | None:
    """The slot that a subnet lies in; None where it fits none of this environment's."""
    whole, subnet = IPv4Network(placed.environment.cidr), IPv4Network(cidr)
    if subnet.prefixlen != placed.environment.subnet_prefix or not subnet.subnet_of(whole):
        return None
    offset = int(subnet.network_address) - int(whole.network_address)
    return offset // subnet.num_addresses // ZONES_MAX


def _back(placed: Placed) -> str:
    name = placed.environment.name
    return f'Give the environment "{name}" the cidr and subnet_prefix it had; a move is a new environment.'
