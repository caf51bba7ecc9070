"""Placement: from a topology and an environment to every resource, zone ordinal and address. Pure.

- Host `web4` is in zone ordinal (4 - 1) mod the number of zones (R6).
- A role's subnets are cut from the environment's CIDR by its slot and the zone's ordinal. Each slot has room
  for `ZONES_MAX` zones, so neither counts nor a new zone move anything.
- A host's address follows from its number only: the first that all clouds leave free, then upwards.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from attrs import evolve

from portinfra.errors import PlacementError
from portinfra.model.address import Address, Scope
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.placed import Placed
from portinfra.model.resources import (
    Attachment,
    Firewall,
    FirewallRules,
    Instance,
    Mount,
    Network,
    PublicAddress,
    Rule,
    Spec,
    Subnet,
    Volume,
)
from portinfra.model.topology import ANYWHERE, INTERNET, Flow, PortRange, Role, Topology, port_ranges
from portinfra.value import frozen

ZONES_DEFAULT = 3
"""Three of everything (R6)."""

ZONES_MAX = 4
"""How many zones each slot has room for. It is a power of two, so that slots stay aligned."""

FIRST_HOST = 4
"""The first address of a host in a subnet. AWS reserves the first four, Compute Engine the first two."""

LAST_HOSTS = 2
"""The number of addresses after the last host. Compute Engine reserves the last two, AWS the last."""

NETWORK = Address("network.main")


def place(topology: Topology, environment: Environment) -> Placed:
    """Return every resource of a validated topology in an environment.

    Raise PlacementError, with all findings, where slots clash or hosts do not fit.
    """
    zones = len(environment.zones) or ZONES_DEFAULT
    roles = [role_in(role, environment) for role in topology.roles]
    sites = _sites(roles, topology.slots, environment, zones)
    tags = {**topology.tags, **environment.tags}
    network = Network(NETWORK.name, environment.cidr, tags)
    by_kind: list[dict[Address, Spec]] = [{} for _ in range(8)]
    belongs: dict[Address, str] = {}
    rules = _rules(topology.flows)
    for role, site in zip(roles, sites, strict=True):
        role_tags = {**tags, **role.tags}
        parts = (
            *_firewall(role, site, role_tags, rules.get(role.name, ({}, {}))),
            *_hosts(role, site, role_tags, environment),
        )
        for order, spec in parts:
            by_kind[order][spec.address] = spec
            belongs[spec.address] = role.name
    by_kind[0][network.address] = network
    resources = {address: spec for kind in by_kind for address, spec in kind.items()}
    return Placed(
        topology, environment, Scope(topology.name, environment.name), resources, belongs, zones=zones
    )


def with_own_names(topology: Topology, environment: Environment) -> Environment:
    """Return the environment with every size and image of the roles among its own names.

    A provider reads what it offers of these names, in addition to those that it knows itself.
    """
    roles = [role_in(role, environment) for role in topology.roles]
    sizes = {role.size: role.size for role in roles}
    images = {role.image: role.image for role in roles}
    return evolve(environment, sizes={**sizes, **environment.sizes}, images={**images, **environment.images})


def role_in(role: Role, environment: Environment) -> Role:
    """Return the role as it is in this environment."""
    overrides = dict(environment.roles.get(role.name, {}))
    if "tags" in overrides:
        overrides["tags"] = {**role.tags, **overrides["tags"]}
    changed = evolve(role, **overrides) if overrides else role
    size = changed.size if "size" in overrides else environment.sizes.get(role.size, role.size)
    image = changed.image if "image" in overrides else environment.images.get(role.image, role.image)
    if (size, image) == (changed.size, changed.image):
        return changed
    return evolve(changed, size=size, image=image)


def host_names(role: Role) -> list[str]:
    """Return the names of a role's hosts, by number."""
    return [f"{role.name}{number}" for number in range(1, role.count + 1)]


@frozen
class _Site:
    """Where a role's subnets begin. They are consecutive, by zone ordinal."""

    first: int
    """The first address of the role's first subnet."""
    size: int
    """The number of addresses in a subnet."""
    prefix: int
    zones: int

    def subnet(self, zone: int) -> str:
        return f"{IPv4Address(self.first + zone * self.size)}/{self.prefix}"

    @property
    def cidr(self) -> str:
        """All its subnets, with those of unused zones."""
        return f"{IPv4Address(self.first)}/{self.prefix - ZONES_MAX.bit_length() + 1}"

    def host(self, number: int) -> tuple[int, str]:
        """Return the zone ordinal and address of the host with this number, counted from 1."""
        rank, zone = divmod(number - 1, self.zones)
        return zone, str(IPv4Address(self.first + zone * self.size + FIRST_HOST + rank))

    @property
    def capacity(self) -> int:
        """How many hosts fit."""
        return max(0, self.size - FIRST_HOST - LAST_HOSTS) * self.zones


def _sites(roles: Sequence[Role], slots: Sequence[int], environment: Environment, zones: int) -> list[_Site]:
    network = IPv4Network(environment.cidr)
    available = (1 << max(0, environment.subnet_prefix - network.prefixlen)) // ZONES_MAX - 1
    size = 1 << (32 - environment.subnet_prefix)
    base = int(network.network_address)
    sites: list[_Site] = []
    findings: list[Finding] = []
    taken: dict[int, str] = {}
    for role, slot in zip(roles, slots, strict=True):
        site = _Site(base + slot * ZONES_MAX * size, size, environment.subnet_prefix, zones)
        sites.append(site)
        findings += _misfits(role, slot, site, available, taken, environment)
        taken.setdefault(slot, role.name)
    if findings:
        raise PlacementError(f"The topology does not fit into {environment.name} ({network})", findings)
    return sites


def _misfits(
    role: Role, slot: int, site: _Site, available: int, taken: Mapping[int, str], environment: Environment
) -> Iterator[Finding]:
    subject = f"role.{role.name}"
    if slot in taken:
        yield Finding(
            "placement/slot-taken",
            f"its slot {slot} is taken by {taken[slot]!r}",
            f"Give it a slot of its own: {role.location.write('slot', str(max(taken) + 1))}.",
            subject=f"{subject}.slot",
            location=role.location,
        )
    if not 0 <= slot < available:
        yield Finding(
            "placement/no-room",
            f"slot {slot} lies outside of {environment.cidr}, which has {max(0, available)} "
            f"slots of {ZONES_MAX} /{environment.subnet_prefix} subnets (the last is reserved)",
            "Give the environment a larger cidr or a longer subnet_prefix, or the role a smaller slot.",
            subject=f"{subject}.slot",
            location=role.location,
        )
    if role.count > site.capacity:
        yield Finding(
            "placement/too-many-hosts",
            f"{role.count} hosts do not fit into {site.zones} /{environment.subnet_prefix} subnets, "
            f"which hold {site.capacity}",
            "Give the environment a shorter subnet_prefix (20 holds 12,270 hosts a role), or split the role.",
            subject=f"{subject}.count",
            location=role.location,
        )


_Rules = tuple[Mapping[Rule, None], Mapping[Rule, None]]


def _firewall(role: Role, site: _Site, tags: Mapping[str, str], rules: _Rules) -> Iterator[tuple[int, Spec]]:
    """Yield a role's subnets and firewall."""
    for zone in range(site.zones):
        yield (
            1,
            Subnet(
                f"{role.name}-{zone}", NETWORK, site.subnet(zone), zone, public=bool(role.public), tags=tags
            ),
        )
    firewall = Firewall(role.name, NETWORK, tags, site.cidr)
    yield 2, firewall
    ingress, egress = rules
    yield 3, FirewallRules(role.name, firewall.address, _merge(ingress), _merge(egress))


def _hosts(
    role: Role, site: _Site, tags: Mapping[str, str], environment: Environment
) -> Iterator[tuple[int, Spec]]:
    """Yield a role's instances, with the resources of each."""
    firewall = Address(f"firewall.{role.name}")
    subnets = [Address(f"subnet.{role.name}-{zone}") for zone in range(site.zones)]
    native = role.native.get(environment.provider, {})
    for number in range(1, role.count + 1):
        zone, private_address = site.host(number)
        host = f"{role.name}{number}"
        instance = Instance(
            host,
            subnets[zone],
            firewall,
            zone,
            private_address,
            machine_type=role.size,
            image=role.image,
            disk_gib=role.disk_gib,
            key=environment.key,
            deletion_protection=role.deletion_protection,
            tags=tags,
            native=native,
            mounts=tuple(Mount(v.name, v.mount, bool(v.source)) for v in role.volumes if v.mount),
            ssh_keys=role.ssh_keys,
            user_data=role.user_data,
        )
        yield 4, instance
        for volume in role.volumes:
            placed = Volume(
                f"{host}-{volume.name}",
                volume.gib,
                volume.mount,
                zone,
                environment.keys.get(volume.key, volume.key) if volume.key else environment.key,
                volume.source,
                role.deletion_protection or volume.deletion_protection,
                {**tags, **volume.tags},
                location=volume.location,
            )
            yield 5, placed
            yield 6, Attachment(placed.name, instance.address, placed.address, volume.name)
        if role.public:
            yield 7, PublicAddress(host, instance.address, tags)


def _rules(flows: Iterable[Flow]) -> dict[str, tuple[dict[Rule, None], dict[Rule, None]]]:
    """Return the ingress and egress rules of each role. A flow opens both of its ends, and nothing else."""
    rules: dict[str, tuple[dict[Rule, None], dict[Rule, None]]] = {}

    def open_end(role: str, direction: int, peer: str, allowed: Sequence[tuple[str, int, int]]) -> None:
        if _is_role(role):
            ends = rules.setdefault(role, ({}, {}))
            ends[direction].update((Rule(*traffic, _peer(peer)), None) for traffic in allowed)

    for flow in flows:
        allowed = [("tcp", *ports) for ports in flow.tcp] + [("udp", *ports) for ports in flow.udp]
        allowed += [("icmp", 0, 0)] if flow.icmp else []
        for source in flow.sources:
            for target in flow.targets:
                open_end(target, 0, source, allowed)
                open_end(source, 1, target, allowed)
    return rules


def _is_role(peer: str) -> bool:
    return peer != INTERNET and "/" not in peer


def _peer(peer: str) -> str:
    if peer == INTERNET:
        return ANYWHERE
    return peer if "/" in peer else f"firewall.{peer}"


def _merge(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return sorted rules, of which none overlaps or touches another of the same protocol and peer."""
    ranges: dict[tuple[str, str], list[PortRange]] = {}
    for rule in rules:
        ranges.setdefault((rule.protocol, rule.peer), []).append((rule.first, rule.last))
    merged = [
        Rule(protocol, first, last, peer)
        for (protocol, peer), ports in ranges.items()
        for first, last in (ports[:1] if protocol == "icmp" else port_ranges(ports))
    ]
    return tuple(sorted(merged))
