"""A hypervisor by what libvirt says of its guests, disks and networks; its filters as libvirt documents them.

https://libvirt.org/formatnwfilter.html: the rules of a filter are tried by priority, and the first that
matches decides; once on the wire (`mac`, `arp`, `ip`) and once above it (`all`, `tcp`, `udp`, `icmp`).
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from ipaddress import ip_address, ip_network
from xml.etree import ElementTree

import libvirt
from attrs import frozen

from clouds.world import Disk, Host, World, called

GIB = 2**30
ROOT = "vda"
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


Layers = tuple[list[_Rule], list[_Rule]]
"""The rules on the wire and those above it."""


def world(connection: libvirt.virConnect, scope: str) -> World:
    """What is there on one hypervisor: its guests as they run. `scope` begins the names."""
    network = next(each for each in connection.listAllNetworks() if each.name().startswith(f"{scope}-main-"))
    kept = network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)  # what runs has the metadata of its start
    said = json.loads(ElementTree.fromstring(kept).find("metadata")[0].text)
    public = {entry["domain"] for entry in said["public"].values()}
    subnets = {entry["address"].partition(".")[2]: entry for entry in said["subnets"].values()}
    filters = {each.name(): ElementTree.fromstring(each.XMLDesc()) for each in connection.listAllNWFilters()}
    hosts: dict[str, Host] = {}
    disks: dict[str, Disk] = {}
    walls: dict[str, list[ElementTree.Element]] = {}
    for domain in connection.listAllDomains():
        native, root = domain.name(), ElementTree.fromstring(domain.XMLDesc())
        name = called(native, scope)
        (card,) = root.iterfind("devices/interface")
        address = card.find("filterref/parameter[@name='IP']").attrib["value"]
        zone = json.loads(root.find("metadata")[0].text)["zone"]
        found = {each.target: each for each in _disks(connection, root)}
        assert all(each.encrypted for each in found.values())
        gib = found.pop(ROOT).gib
        hosts[name] = Host(address, zone, gib, native in public, bool(domain.isActive()))
        disks |= {each.name: Disk(each.gib, each.zone, name, each.encrypted) for each in found.values()}
        wall = filters[card.find("filterref").attrib["filter"]]
        walls[address] = sorted(wall.iter("rule"), key=lambda rule: int(rule.attrib["priority"]))

    @cache
    def about(own: str, way: str, source: str, target: str) -> Layers:
        return _about(own, way, source, target, walls.get(own, ()))

    def arrives(source: str, target: str, protocol: str, port: int) -> bool:
        return _arrives(Packet(source, target, protocol, port), about, walls, subnets, hosts)

    return World(hosts, disks, {name: entry["cidr"] for name, entry in subnets.items()}, arrives)


@frozen
class _File:
    """A disk of a guest that runs, and what its secret says."""

    target: str
    name: str
    zone: str
    gib: int
    encrypted: bool


def _disks(connection: libvirt.virConnect, guest: ElementTree.Element) -> Iterator[_File]:
    """The disks that a guest may write to."""
    for disk in guest.iterfind("devices/disk"):
        if disk.find("readonly") is not None:
            continue
        path = disk.find("source").attrib["file"]
        file = ElementTree.fromstring(connection.storageVolLookupByPath(path).XMLDesc())
        secret = connection.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, path)
        said = json.loads(ElementTree.fromstring(secret.XMLDesc()).findtext("description"))
        yield _File(
            disk.find("target").attrib["dev"],
            said["address"].partition(".")[2],
            said.get("zone", ""),
            int(file.findtext("capacity")) // GIB,
            file.find("target/encryption") is not None,
        )


def _arrives(
    packet: Packet,
    about: Callable[[str, str, str, str], Layers],
    ours: Collection[str],
    subnets: Mapping[str, Mapping[str, object]],
    hosts: Mapping[str, Host],
) -> bool:
    """Whether both walls let a packet through, and a guest has a way out where one end is the internet."""
    ends = [end for end in (packet.source, packet.target) if end in ours]
    if len(ends) == 1 and not _has_way_out(ends[0], subnets, hosts):
        return False
    ways = ((packet.source, "out"), (packet.target, "in"))
    return all(
        _accepts(layer, packet)
        for end, way in ways
        if end in ours
        for layer in about(end, way, packet.source, packet.target)
    )


def _has_way_out(
    address: str, subnets: Mapping[str, Mapping[str, object]], hosts: Mapping[str, Host]
) -> bool:
    """Whether a host is public, in a subnet whose guests are told of a default route."""
    subnet = next(each for each in subnets.values() if ip_address(address) in ip_network(each["cidr"]))
    public = next(host.public for host in hosts.values() if host.address == address)
    return public and bool(subnet.get("public"))


def _accepts(layer: Iterable[_Rule], packet: Packet) -> bool:
    """What the first rule says that matches a packet from its sender's own MAC address; else yes."""
    return next((rule.accepts for rule in layer if rule.matches(packet)), True)


def _about(own: str, way: str, source: str, target: str, rules: Iterable[ElementTree.Element]) -> Layers:
    """The rules of both layers that can match what one address sends to another."""
    found: Layers = ([], [])
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
