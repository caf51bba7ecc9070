"""The filter of a role: one nwfilter, in two layers. https://libvirt.org/formatnwfilter.html

The lower layer is on the wire. A guest uses only its own MAC and IP address, and only IPv4 and ARP. Of IPv4,
only the traffic of the role's rules and the answers to it pass, by addresses and ports. The upper layer is
stateful: it allows the role's rules. Both layers drop everything else.

The upper layer alone would not do. libvirt removes it for all packets of all guests of the hypervisor, for a
moment at every change of a filter and every start of a guest: 60 ms, with libvirt 9.0. It replaces the lower
one without a gap.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from portinfra.model.resources import Rule
from portinfra_libvirt import marks, xml
from portinfra_libvirt.xml import Element

Way = Literal["ingress", "egress"]

ANYWHERE = "0.0.0.0/0"
ALLOWED = 500
"""The priority of the role's rules."""

_DIRECTIONS: dict[Way, str] = {"ingress": "in", "egress": "out"}

_WIRE = """\
<rule action='drop' direction='out' priority='-900'><mac match='no' srcmacaddr='$MAC'/></rule>
<rule action='drop' direction='out' priority='-700'><ip match='no' srcipaddr='$IP'/></rule>
<rule action='drop' direction='out' priority='-700'><arp match='no' arpsrcmacaddr='$MAC'/></rule>
<rule action='drop' direction='out' priority='-700'><arp match='no' arpsrcipaddr='$IP'/></rule>
<rule action='accept' direction='inout' priority='-600'><arp/></rule>
<rule action='drop' direction='inout' priority='-500'><mac/></rule>
"""

_REQUEST = "srcportstart='68' dstportstart='67'"
_REPLY = "srcportstart='67' dstportstart='68'"
_EVERYONE = "255.255.255.255"
_DHCP = f"""\
<rule action='accept' direction='out' priority='-800'>\
<ip srcipaddr='0.0.0.0' dstipaddr='{_EVERYONE}' protocol='udp' {_REQUEST}/></rule>
<rule action='accept' direction='out' priority='-650'>\
<ip dstipaddr='{_EVERYONE}' protocol='udp' {_REQUEST}/></rule>
<rule action='accept' direction='out' priority='-650'>\
<ip dstipaddr='{{server}}' protocol='udp' {_REQUEST}/></rule>
<rule action='accept' direction='in' priority='-800'>\
<ip srcipaddr='{{server}}' protocol='udp' {_REPLY}/></rule>
<rule action='accept' direction='out' priority='100'><udp dstipaddr='{_EVERYONE}' {_REQUEST}/></rule>
<rule action='accept' direction='out' priority='100'><udp dstipaddr='{{server}}' {_REQUEST}/></rule>
<rule action='accept' direction='in' priority='100'><udp srcipaddr='{{server}}' {_REPLY}/></rule>
"""
"""DHCP in both layers, with the server only: open to other addresses, it would allow any traffic.

A guest without an address may send only DHCP.
"""

_REST = "<rule action='drop' direction='inout' priority='1000'><all{comment}/></rule>\n"


class Allowed(NamedTuple):
    """One rule in the form of a filter. The addresses of a role's hosts stand in for the role."""

    way: Way
    protocol: str
    first: int
    last: int
    cidr: str
    peer: str
    """The address of the peer's firewall if the peer is a role; else the CIDR."""

    @property
    def rule(self) -> Rule:
        """The rule in the form of a declaration."""
        return Rule(self.protocol, self.first, self.last, self.peer)


class Seen(NamedTuple):
    """The content of a filter's XML."""

    name: str
    owner: str
    """The text of the mark."""
    allowed: tuple[Allowed, ...]
    dhcp: str
    """The address of the DHCP server that the filter allows; empty if there is none."""
    sound: bool
    """Whether everything else in it is as it must be."""


def document(name: str, owner: str, allowed: Iterable[Allowed] = (), dhcp: str = "") -> str:
    """Return the filter in libvirt's XML. `dhcp` is the address of a DHCP server that it allows."""
    served = _DHCP.format(server=dhcp) if dhcp else ""
    rules = "".join(_on_the_wire(each) + _rule(each) for each in sorted(allowed))
    rest = _REST.format(comment=f" comment={xml.quoteattr(owner)}")
    identity = marks.unique_id("filter", name)
    return (
        f"<filter name={xml.quoteattr(name)} chain='root' priority='0'>\n"
        f"<uuid>{identity}</uuid>\n{_WIRE}{served}{rules}{rest}</filter>"
    )


def read(document: str) -> Seen:
    """Return the content of a filter."""
    root = xml.parse(document)
    allowed, others, owner, dhcp = [], [], "", ""
    for rule in root:
        if rule.tag == "uuid":
            continue
        if (found := _to_allowed(rule)) is not None:
            allowed.append(found)
            continue
        others.append(_canonical(rule))
        for each in rule:
            if each.tag == "all" and each.get("comment"):
                owner = each.get("comment", "")
            if each.tag == "ip" and (each.get("srcportstart"), each.get("dstportstart")) == ("67", "68"):
                dhcp = each.get("srcipaddr", "")
    name, through = root.get("name", ""), tuple(sorted(allowed))
    return Seen(name, owner, through, dhcp, sorted(others) == _others(through, dhcp))


def renew(text: str, attempt: str) -> str:
    """Return the same filter, last defined by the run `attempt`."""
    seen = read(text)
    owner = " ".join([*seen.owner.split(" ")[:-1], attempt])
    return document(seen.name, owner, seen.allowed, seen.dhcp)


def digest(allowed: Iterable[Allowed]) -> str:
    """Return a short hash of all allowed traffic."""
    return hashlib.sha256(repr(sorted(tuple(each) for each in allowed)).encode()).hexdigest()[:12]


def _on_the_wire(allowed: Allowed) -> str:
    """Return the rules on the wire for allowed traffic and its answers, by addresses and ports."""
    ingress = allowed.way == "ingress"
    return "".join(
        f"<rule action='accept' direction='{direction}' priority='-600'>"
        f"<ip{_addresses(side, allowed.cidr)} protocol='{allowed.protocol}'{_ports(port, allowed)}/></rule>\n"
        for direction, side, port in (
            ("in", "src", "dst" if ingress else "src"),
            ("out", "dst", "src" if ingress else "dst"),
        )
    )


def _addresses(side: str, cidr: str) -> str:
    if cidr == ANYWHERE:
        return ""
    network = ipaddress.ip_network(cidr)
    return f" {side}ipaddr='{network.network_address}' {side}ipmask='{network.prefixlen}'"


def _ports(side: str, allowed: Allowed) -> str:
    if allowed.protocol == "icmp":
        return ""
    return f" {side}portstart='{allowed.first}' {side}portend='{allowed.last}'"


def _rule(allowed: Allowed) -> str:
    side = "src" if allowed.way == "ingress" else "dst"
    attributes = _addresses(side, allowed.cidr) + _ports("dst", allowed)
    if allowed.peer != allowed.cidr:
        attributes += f" comment={xml.quoteattr(allowed.peer)}"
    direction = _DIRECTIONS[allowed.way]
    traffic = f"<{allowed.protocol}{attributes}/>"
    return f"<rule action='accept' direction='{direction}' priority='{ALLOWED}'>{traffic}</rule>\n"


def _to_allowed(rule: Element) -> Allowed | None:
    """Return the traffic of a rule of the role; None for a rule of another form."""
    if rule.get("action") != "accept" or rule.get("priority") != str(ALLOWED) or len(rule) != 1:
        return None
    (traffic,) = rule
    ways: dict[str, Way] = {"in": "ingress", "out": "egress"}
    way = ways.get(rule.get("direction", ""))
    if way is None or traffic.tag not in ("tcp", "udp", "icmp"):
        return None
    side = "src" if way == "ingress" else "dst"
    known = {f"{side}ipaddr", f"{side}ipmask", "dstportstart", "dstportend", "comment"}
    if set(traffic.attrib) - known:
        return None
    first = int(traffic.get("dstportstart", "0"))
    last = int(traffic.get("dstportend", str(first)))
    cidr = ANYWHERE
    if address := traffic.get(f"{side}ipaddr"):
        cidr = str(ipaddress.ip_network(f"{address}/{traffic.get(f'{side}ipmask', '32')}", strict=False))
    return Allowed(way, traffic.tag, first, last, cidr, traffic.get("comment") or cidr)


def _canonical(rule: Element) -> tuple[Any, ...]:
    head = (rule.tag, rule.get("action"), rule.get("direction"), rule.get("priority"), rule.get("filter"))
    return (*map(str, head), tuple(_traffic(rule)))


def _traffic(rule: Element) -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
    for each in rule:
        named = {name: value for name, value in each.attrib.items() if name != "comment"}
        yield each.tag, tuple(sorted(named.items()))


def _others(allowed: Iterable[Allowed], dhcp: str) -> list[tuple[Any, ...]]:
    """Return everything in a correct filter but the upper layer's rules of the role."""
    rules = xml.parse(document("", "", allowed, dhcp))
    return sorted(_canonical(rule) for rule in rules if rule.tag == "rule" and _to_allowed(rule) is None)
