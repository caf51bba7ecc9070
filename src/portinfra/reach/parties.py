"""Parties: hosts and outside addresses, grouped where no rule distinguishes them.

Three thousand hosts of twenty roles are some twenty parties. So the cost of a query depends on the number of
roles.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address

from portinfra.model.address import Address
from portinfra.model.resources import FirewallRules, Instance, PublicAddress, Rule, Spec, Subnet
from portinfra.model.topology import ANYWHERE, INTERNET
from portinfra.reach.addresses import AddressSpace, Interval, bounds
from portinfra.value import frozen

Resources = Mapping[Address, Spec]


@frozen
class Party:
    """Hosts of one role, or addresses outside, that every rule treats alike."""

    role: str
    """The role; empty for the outside."""
    hosts: tuple[str, ...]
    addresses: tuple[Interval, ...]
    """The hosts' addresses, in the order of the hosts."""
    ranges: frozenset[str]
    """The CIDRs of rules that contain its addresses."""
    firewall: Address | None = None
    network: Address | None = None
    online: bool = True
    """Whether it has a route to and from the internet."""

    @property
    def label(self) -> str:
        """Its role; for the outside, the narrowest CIDR that any rule names, or `internet`."""
        if self.role:
            return self.role
        named = sorted(self.ranges - {ANYWHERE}, key=lambda cidr: -int(cidr.partition("/")[2]))
        return named[0] if named else INTERNET

    @property
    def members(self) -> frozenset[int]:
        """The places of all its hosts. The outside has only one place."""
        return frozenset(range(len(self.hosts))) if self.hosts else frozenset((0,))


@frozen
class RuleSets:
    """All parties, and the rules of the firewalls between them."""

    parties: tuple[Party, ...]
    rules: Mapping[Address, FirewallRules]
    """The rules, by their firewall."""
    roles: tuple[str, ...]
    """All roles, also those without hosts."""
    unknown_hosts: tuple[str, ...]
    """Hosts whose firewall is not ours, or whose address is not known."""
    foreign_rules: tuple[tuple[Address, Rule], ...]
    """Rules whose peer is neither one of our firewalls nor IPv4 addresses, each with its firewall."""


def read_parties(resources: Resources, cidrs: Iterable[str] = (), roles: Iterable[str] = ()) -> RuleSets:
    """Return the parties of the resources, as if a rule named each of the `cidrs`, and `roles` existed."""
    rules = {spec.firewall: spec for spec in resources.values() if isinstance(spec, FirewallRules)}
    rules_of = {firewall: spec for firewall, spec in rules.items() if firewall is not None}
    subnets = {spec.cidr for spec in resources.values() if isinstance(spec, Subnet)}
    foreign_rules = tuple((firewall, rule) for firewall, spec in rules_of.items() for rule in _foreign(spec))
    named = {rule.peer for spec in rules_of.values() for rule in _all(spec) if _is_cidr(rule.peer)} | {*cidrs}
    space = AddressSpace.cut(named | subnets)
    hosts, unknown_hosts = _hosts(resources, space, named)
    outside: dict[frozenset[str], list[Interval]] = {}
    for atom in space.atoms:
        if not atom.cidrs & subnets:
            outside.setdefault(atom.cidrs & named, []).append((atom.first, atom.last))
    parties = [*(Party("", (), tuple(some), ranges) for ranges, some in outside.items()), *hosts]
    known = dict.fromkeys(roles)
    known |= {address.name: None for address in resources if address.kind == "firewall"}
    known |= dict.fromkeys(party.role for party in hosts)
    return RuleSets(tuple(parties), rules_of, tuple(known), tuple(unknown_hosts), foreign_rules)


def role_of(host: str) -> str:
    """Return the role in the name of a host. A role's name does not end in a digit."""
    return host.rstrip("0123456789")


def _hosts(resources: Resources, space: AddressSpace, named: set[str]) -> tuple[list[Party], list[str]]:
    bound = {spec.instance for spec in resources.values() if isinstance(spec, PublicAddress)}
    alike: dict[tuple[object, ...], list[tuple[str, int]]] = {}
    unknown_hosts: list[str] = []
    for address, spec in resources.items():
        if not isinstance(spec, Instance):
            continue
        number = _number(spec.private_address)
        subnet = resources.get(spec.subnet) if spec.subnet else None
        if number is None or spec.firewall not in resources or not isinstance(subnet, Subnet):
            unknown_hosts.append(address.name)
            continue
        ranges = space.atom(number).cidrs & named
        online = subnet.public and address in bound
        key = (role_of(address.name), ranges, spec.firewall, subnet.network, online)
        alike.setdefault(key, []).append((address.name, number))
    parties = [
        Party(role, tuple(h for h, _ in some), tuple((n, n) for _, n in some), *rest)  # type: ignore[arg-type]
        for (role, *rest), some in alike.items()
    ]
    return parties, unknown_hosts


def _all(spec: FirewallRules) -> Iterator[Rule]:
    yield from spec.ingress
    yield from spec.egress


def _foreign(spec: FirewallRules) -> list[Rule]:
    return [rule for rule in _all(spec) if rule.peer_firewall is None and not _is_cidr(rule.peer)]


def _is_cidr(peer: str) -> bool:
    try:
        bounds(peer)
    except ValueError:
        return False
    return True


def _number(address: object) -> int | None:
    try:
        return int(IPv4Address(str(address)))
    except ValueError:
        return None
