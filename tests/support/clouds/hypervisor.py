"""A hypervisor by the definitions that libvirt is given, and their filters as libvirt documents them.

https://libvirt.org/formatnwfilter.html: the rules of a filter are tried by priority, and the first that
matches decides; once on the wire (`mac`, `arp`, `ip`) and once above it (`all`, `tcp`, `udp`, `icmp`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from ipaddress import ip_address, ip_network
from xml.etree import ElementTree

from attrs import frozen

from clouds.world import Disk, Host, World, called
from portinfra.provider.interface import Call

GIB = 2**30
WIRE = ("mac", "arp", "ip")
EPHEMERAL = 61_999
"""The port that a packet comes from: of no declared rule."""


@frozen
class Packet:
    """One packet, as it passes the card of a host."""

    source: str
    target: str
    protocol: str
    port: int


@frozen
class _Rule:
    """A rule about what one address sends to another."""

    accepts: bool
    ends: bool
    """Whether both addresses are what it names."""
    inverted: bool
    protocol: str
    """Empty: any."""
    from_ports: tuple[int, int]
    to_ports: tuple[int, int]

    def matches(self, packet: Packet) -> bool:
        same = (
            self.ends
            and self.protocol in ("", packet.protocol)
            and self.from_ports[0] <= EPHEMERAL <= self.from_ports[1]
            and self.to_ports[0] <= packet.port <= self.to_ports[1]
        )
        return same is not self.inverted


def world(calls: Iterable[Call], scope: str) -> World:
    """What the calls of a plan, all on one hypervisor, define. `scope` begins the names."""
    calls = list(calls)
    public = {entry["domain"] for entry in _entries(calls, "public").values()}
    subnets = {entry["address"].partition(".")[2]: entry for entry in _entries(calls, "subnets").values()}
    roots = {call.parameters["path"]: call.parameters for call in _of(calls, "CreateDisk")}
    started = {call.parameters["domain"] for call in _of(calls, "StartDomain")}
    hosts: dict[str, Host] = {}
    walls: dict[str, list[ElementTree.Element]] = {}
    filters = {
        call.parameters["name"]: ElementTree.fromstring(call.parameters["document"])
        for call in _of(calls, "DefineFilter")
    }
    for call in _of(calls, "DefineDomain"):
        native, root = call.parameters["name"], ElementTree.fromstring(call.parameters["document"])
        address = root.find("devices/interface/filterref/parameter[@name='IP']").attrib["value"]
        disk = root.find("devices/disk/source").attrib["file"]
        hosts[called(native, scope)] = Host(
            address,
            json.loads(root.find("metadata")[0].text)["zone"],
            roots[disk]["bytes"] // GIB,
            native in public,
            native in started,
        )
        wall = filters[root.find("devices/interface/filterref").attrib["filter"]]
        walls[address] = sorted(wall.iter("rule"), key=lambda rule: int(rule.attrib["priority"]))
    return World(
        hosts,
        dict(_disks(calls, roots, scope)),
        {name: entry["cidr"] for name, entry in subnets.items()},
        lambda source, target, protocol, port: _arrives(
            Packet(source, target, protocol, port), walls, subnets, hosts
        ),
    )


def _of(calls: Iterable[Call], action: str) -> Iterator[Call]:
    return (call for call in calls if call.action == action)


def _entries(calls: Iterable[Call], section: str) -> dict[str, Mapping[str, str]]:
    puts = [call.parameters for call in _of(calls, "PutEntry")]
    return {each["key"]: each["entry"] for each in puts if each["section"] == section}


def _disks(
    calls: Iterable[Call], made: Mapping[str, Mapping[str, object]], scope: str
) -> Iterator[tuple[str, Disk]]:
    for call in _of(calls, "AttachDisk"):
        parameters = made[call.parameters["disk"]]
        said = json.loads(parameters["said"])
        name, host = said["address"].partition(".")[2], called(call.parameters["domain"], scope)
        yield name, Disk(parameters["bytes"] // GIB, said["zone"], host, bool(parameters["key"]))


def _arrives(
    packet: Packet,
    walls: Mapping[str, list[ElementTree.Element]],
    subnets: Mapping[str, Mapping[str, object]],
    hosts: Mapping[str, Host],
) -> bool:
    """Whether both walls let a packet through, and a guest has a way out where one end is the internet."""
    ends = [end for end in (packet.source, packet.target) if end in walls]
    if len(ends) == 1 and not _has_way_out(ends[0], subnets, hosts):
        return False
    ways = ((packet.source, "out"), (packet.target, "in"))
    return all(_passes(end, way, packet, walls[end]) for end, way in ways if end in walls)


def _has_way_out(
    address: str, subnets: Mapping[str, Mapping[str, object]], hosts: Mapping[str, Host]
) -> bool:
    """Whether a host is public, in a subnet whose guests are told of a default route."""
    subnet = next(each for each in subnets.values() if ip_address(address) in ip_network(each["cidr"]))
    public = next(host.public for host in hosts.values() if host.address == address)
    return public and bool(subnet.get("public"))


def _passes(own: str, way: str, packet: Packet, rules: Sequence[ElementTree.Element]) -> bool:
    wire, above = _about(own, way, packet.source, packet.target, tuple(rules))
    return all(_accepts(layer, packet) for layer in (wire, above))


def _accepts(layer: Iterable[_Rule], packet: Packet) -> bool:
    """What the first rule says that matches a packet from its sender's own MAC address; else yes."""
    return next((rule.accepts for rule in layer if rule.matches(packet)), True)


@cache
def _about(
    own: str, way: str, source: str, target: str, rules: tuple[ElementTree.Element, ...]
) -> tuple[list[_Rule], list[_Rule]]:
    """The rules of both layers that can match what one address sends to another."""
    found: tuple[list[_Rule], list[_Rule]] = ([], [])
    for rule in rules:
        (traffic,) = rule
        said = traffic.attrib
        ends = _lies_in(source, said, "src", own) and _lies_in(target, said, "dst", own)
        inverted = said.get("match") == "no"
        if traffic.tag == "arp" or rule.attrib["direction"] not in (way, "inout") or not (ends or inverted):
            continue
        protocol = said.get("protocol", "") if traffic.tag == "ip" else traffic.tag
        known = "" if protocol in ("mac", "all") else protocol
        ports = [(int(said.get(f"{side}portstart", 0)), _last(said, side)) for side in ("src", "dst")]
        found[traffic.tag not in WIRE].append(
            _Rule(rule.attrib["action"] == "accept", ends, inverted, known, *ports)
        )
    return found


def _lies_in(address: str, said: Mapping[str, str], side: str, own: str) -> bool:
    given = said.get(f"{side}ipaddr")
    if given is None:
        return True
    cidr = f"{own if given == '$IP' else given}/{said.get(f'{side}ipmask', '32')}"
    return ip_address(address) in ip_network(cidr, strict=False)


def _last(said: Mapping[str, str], side: str) -> int:
    return int(said.get(f"{side}portend", said.get(f"{side}portstart", 65_535)))
