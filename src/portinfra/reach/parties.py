"""Who there is: hosts and outside addresses, those that no rule tells apart taken together.

Three thousand hosts of twenty roles are some twenty parties, so that a question costs what roles cost.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address

from attrs import frozen

from portinfra.model.address import Address
from portinfra.model.resources import FirewallRules, Instance, PublicAddress, Rule, Spec, Subnet
from portinfra.model.topology import ANYWHERE, INTERNET
from portinfra.reach.addresses import AddressSpace, Interval, bounds

Resources = Mapping[Address, Spec]


@frozen
class Party:
    """Hosts of one role, or addresses outside, that every rule treats alike."""

    role: str
    """Empty for what is outside."""
    hosts: tuple[str, ...]
    addresses: tuple[Interval, ...]
    """Of hosts, one for each, in their order."""
    ranges: frozenset[str]
    """The CIDRs of rules that its addresses are in."""
    firewall: Address | None = None
    network: Address | None = None
    online: bool = True
    """Whether there is a way between it and the internet."""

    @property
    def label(self) -> str:
        """Its role; outside, the narrowest CIDR that any rule names, or `internet`."""
        if self.role:
            return self.role
        named = sorted(self.ranges - {ANYWHERE}, key=lambda cidr: -int(cidr.partition("/")[2]))
        return named[0] if named else INTERNET

    @property
    def everybody(self) -> frozenset[int]:
        """All of it: the places of its hosts; of what is outside, which is not told apart, just one."""
        return frozenset(range(len(self.hosts))) if self.hosts else frozenset((0,))


@frozen
class RuleSets:
    """Who there is, and what the firewalls between them say."""

    parties: tuple[Party, ...]
    rules: Mapping[Address, FirewallRules]
    """By the firewall whose rules they are."""
    roles: tuple[str, ...]
    """All roles, those without any host among them."""
    untold: tuple[str, ...]
    """Hosts that bear a firewall which is not ours, or whose address is not known."""
    strangers: tuple[tuple[Address, Rule], ...]
    """Rules whose peer is neither one of our firewalls nor IPv4 addresses, each with its firewall."""


def read_parties(resources: Resources, cidrs: Iterable[str] = (), roles: Iterable[str] = ()) -> RuleSets:
    """Sort what there is into parties, as though some rule named the `cidrs`, and `roles` were there."""
    rules = {spec.firewall: spec for spec in resources.values() if isinstance(spec, FirewallRules)}
    told = {firewall: spec for firewall, spec in rules.items() if firewall is not None}
    subnets = {spec.cidr for spec in resources.values() if isinstance(spec, Subnet)}
    strangers = tuple((firewall, rule) for firewall, spec in told.items() for rule in _strange(spec))
    named = {rule.peer for spec in told.values() for rule in _all(spec) if _is_cidr(rule.peer)} | {*cidrs}
    space = AddressSpace.cut(named | subnets)
    hosts, untold = _hosts(resources, space, named)
    outside: dict[frozenset[str], list[Interval]] = {}
    for atom in space.atoms:
        if not atom.cidrs & subnets:
            outside.setdefault(atom.cidrs & named, []).append((atom.first, atom.last))
    parties = [*(Party("", (), tuple(some), ranges) for ranges, some in outside.items()), *hosts]
    known = dict.fromkeys(roles)
    known |= {address.name: None for address in resources if address.kind == "firewall"}
    known |= dict.fromkeys(party.role for party in hosts)
    return RuleSets(tuple(parties), told, tuple(known), tuple(untold), strangers)


def role_of(host: str) -> str:
    """The role that a host is named by, which does not end in a digit."""
    return host.rstrip("0123456789")


def _hosts(resources: Resources, space: AddressSpace, named: set[str]) -> tuple[list[Party], list[str]]:
    bound = {spec.instance for spec in resources.values() if isinstance(spec, PublicAddress)}
    alike: dict[tuple[object, ...], list[tuple[str, int]]] = {}
    untold: list[str] = []
    for address, spec in resources.items():
        if not isinstance(spec, Instance):
            continue
        number = _number(spec.private_address)
        subnet = resources.get(spec.subnet) if spec.subnet else None
        if number is None or spec.firewall not in resources or not isinstance(subnet, Subnet):
            untold.append(address.name)
            continue
        ranges = space.atom(number).cidrs & named
        online = subnet.public and address in bound
        key = (role_of(address.name), ranges, spec.firewall, subnet.network, online)
        alike.setdefault(key, []).append((address.name, number))
    parties = [
        Party(role, tuple(h for h, _ in some), tuple((n, n) for _, n in some), *rest)  # type: ignore[arg-type]
        for (role, *rest), some in alike.items()
    ]
    return parties, untold


def _all(spec: FirewallRules) -> Iterator[Rule]:
    yield from spec.ingress
    yield from spec.egress


def _strange(spec: FirewallRules) -> list[Rule]:
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
