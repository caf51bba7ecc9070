"""Compute Engine by google-cloud-compute. Of the rules that match, the lowest priority decides, and denying
before allowing; where none matches, nothing comes in and everything goes out.

https://cloud.google.com/firewall/docs/firewalls
"""

from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any, NamedTuple

from clouds.world import Arrives, Disk, Host, World, called


def world(hand: Any, scope: str) -> World:
    """What is there in one project. `scope` begins the names: `payments-production`."""
    instances = _aggregated(hand, "Instances")
    disks = {disk.self_link: disk for disk in _aggregated(hand, "Disks")}
    boots = {each.source for instance in instances for each in instance.disks if each.boot}
    return World(
        {called(i.name, scope): _host(i) for i in instances},
        {called(d.name, scope): _disk(d, scope) for link, d in disks.items() if link not in boots},
        {called(s.name, scope): s.ip_cidr_range for s in _aggregated(hand, "Subnetworks")},
        _network(hand, instances),
    )


def _aggregated(hand: Any, service: str) -> list[Any]:
    return [
        each
        for _, scoped in hand.ask(service, "aggregated_list")
        for each in getattr(scoped, service.lower())
    ]


def _last(link: str) -> str:
    return link.rpartition("/")[2]


def _host(instance: Any) -> Host:
    (interface,) = instance.network_interfaces
    boot = next(disk for disk in instance.disks if disk.boot)
    assert not instance.service_accounts, "a host has nobody's credentials"
    return Host(
        interface.network_i_p,
        _last(instance.zone),
        boot.disk_size_gb,
        bool(interface.access_configs),
        instance.status == "RUNNING",
    )


def _disk(disk: Any, scope: str) -> Disk:
    """Compute Engine encrypts every disk; with a key of one's own, it says so."""
    (user,) = disk.users
    return Disk(
        disk.size_gb,
        _last(disk.zone),
        called(_last(user), scope),
        bool(disk.disk_encryption_key.kms_key_name),
    )


def _network(hand: Any, instances: list[Any]) -> Arrives:
    hosts = {i.network_interfaces[0].network_i_p: _known(i) for i in instances}
    rules = [_plain(rule) for rule in hand.ask("Firewalls", "list") if not rule.disabled]

    def arrives(source: str, target: str, protocol: str, port: int) -> bool:
        sender, receiver = hosts.get(source), hosts.get(target)
        if sender is None or receiver is None:
            host = receiver if sender is None else sender
            if host is None or not host.public:
                return False
        elif sender.network != receiver.network:
            return False
        out = sender is None or lets(sender.tags, "EGRESS", frozenset(), target, protocol, port)
        others = sender.tags if sender else frozenset()
        return out and (receiver is None or lets(receiver.tags, "INGRESS", others, source, protocol, port))

    @cache
    def lets(
        mine: frozenset[str], way: str, others: frozenset[str], other: str, protocol: str, port: int
    ) -> bool:
        address = IPv4Address(other)
        matching = [
            (rule.priority, rule.allows)
            for rule in rules
            if rule.way == way
            and (not rule.targets or rule.targets & mine)
            and any(_about(entry, protocol, port) for entry in rule.entries)
            and (rule.sources & others or any(address in each for each in rule.ranges))
        ]
        return min(matching)[1] if matching else way == "EGRESS"

    return arrives


class _Known(NamedTuple):
    """What matters of a host. (Google's own objects are slow to ask.)"""

    tags: frozenset[str]
    network: str
    public: bool


def _known(instance: Any) -> _Known:
    (interface,) = instance.network_interfaces
    return _Known(frozenset(instance.tags.items), interface.network, bool(interface.access_configs))


class _Rule(NamedTuple):
    way: str
    priority: int
    allows: bool
    targets: frozenset[str]
    sources: frozenset[str]
    ranges: tuple[IPv4Network, ...]
    entries: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    """Protocol and ranges of ports; no ranges: all of them."""


def _plain(rule: Any) -> _Rule:
    ranges = rule.destination_ranges if rule.direction == "EGRESS" else rule.source_ranges
    entries = ((each.I_p_protocol, tuple(map(_span, each.ports))) for each in (*rule.allowed, *rule.denied))
    return _Rule(
        rule.direction,
        rule.priority,
        bool(rule.allowed),
        frozenset(rule.target_tags),
        frozenset(rule.source_tags),
        tuple(map(IPv4Network, ranges)),
        tuple(entries),
    )


def _span(ports: str) -> tuple[int, int]:
    first, _, last = ports.partition("-")
    return int(first), int(last or first)


def _about(entry: tuple[str, tuple[tuple[int, int], ...]], protocol: str, port: int) -> bool:
    named, spans = entry
    if named == "all":
        return True
    return named == protocol and (not spans or any(first <= port <= last for first, last in spans))
