"""A role's walls: one nwfilter, in two layers. https://libvirt.org/formatnwfilter.html

On the wire: nobody speaks under another's MAC or IP address, or in any protocol but IPv4 and ARP; and of
IPv4, what the role's rules name and the answers to it pass, told by their ports alone. Above it: what the
role's rules let through, stateful. Everything else is dropped, in both layers.

The upper layer would do, if libvirt did not take it out of the way of all packets, of all guests of the
hypervisor, for a moment at every change of a filter and every start of a guest: 60 ms, with libvirt 9.0. The
lower one it replaces without a gap.
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
"""The priority of what a role's rules let through."""

_DIRECTIONS: dict[Way, str] = {"ingress": "in", "egress": "out"}

_WIRE = """\
<rule action='drop' direction='out' priority='-900'><mac match='no' srcmacaddr='$MAC'/></rule>
<rule action='drop' direction='out' priority='-700'><ip match='no' srcipaddr='$IP'/></rule>
<rule action='drop' direction='out' priority='-700'><arp match='no' arpsrcmacaddr='$MAC'/></rule>
<rule action='drop' direction='out' priority='-700'><arp match='no' arpsrcipaddr='$IP'/></rule>
<rule action='accept' direction='inout' priority='-600'><arp/></rule>
<rule action='drop' direction='inout' priority='-500'><mac/></rule>
"""

_ASKS = "srcportstart='68' dstportstart='67'"
_ANSWERS = "srcportstart='67' dstportstart='68'"
_EVERYONE = "255.255.255.255"
_DHCP = f"""\
<rule action='accept' direction='out' priority='-800'>\
<ip srcipaddr='0.0.0.0' dstipaddr='{_EVERYONE}' protocol='udp' {_ASKS}/></rule>
<rule action='accept' direction='out' priority='-650'>\
<ip dstipaddr='{_EVERYONE}' protocol='udp' {_ASKS}/></rule>
<rule action='accept' direction='out' priority='-650'>\
<ip dstipaddr='{{server}}' protocol='udp' {_ASKS}/></rule>
<rule action='accept' direction='in' priority='-800'>\
<ip srcipaddr='{{server}}' protocol='udp' {_ANSWERS}/></rule>
<rule action='accept' direction='out' priority='100'><udp dstipaddr='{_EVERYONE}' {_ASKS}/></rule>
<rule action='accept' direction='out' priority='100'><udp dstipaddr='{{server}}' {_ASKS}/></rule>
<rule action='accept' direction='in' priority='100'><udp srcipaddr='{{server}}' {_ANSWERS}/></rule>
"""
"""DHCP, in both layers, and with nobody but the server: open to others, it would be a way for everything.
Only it may be spoken without an address.
"""

_REST = "<rule action='drop' direction='inout' priority='1000'><all{comment}/></rule>\n"


class Allowed(NamedTuple):
    """One rule as a filter has it: a role stands for the addresses of all who are in it."""

    way: Way
    protocol: str
    first: int
    last: int
    cidr: str
    peer: str
    """The firewall's address, where that is the peer; else the CIDR."""

    @property
    def rule(self) -> Rule:
        """As it is declared."""
        return Rule(self.protocol, self.first, self.last, self.peer)


class Seen(NamedTuple):
    """What a filter's XML says."""

    name: str
    owner: str
    """The text of the mark."""
    allowed: tuple[Allowed, ...]
    dhcp: str
    """The address of the DHCP server that is let through; empty: none is."""
    sound: bool
    """Whether everything else in it is as it must be."""


def document(name: str, owner: str, allowed: Iterable[Allowed] = (), dhcp: str = "") -> str:
    """The filter, in libvirt's XML; with the address of a DHCP server, that is let through, too."""
    served = _DHCP.format(server=dhcp) if dhcp else ""
    rules = "".join(_on_the_wire(each) + _rule(each) for each in sorted(allowed))
    rest = _REST.format(comment=f" comment={xml.quoteattr(owner)}")
    identity = marks.unique_id("filter", name)
    return (
        f"<filter name={xml.quoteattr(name)} chain='root' priority='0'>\n"
        f"<uuid>{identity}</uuid>\n{_WIRE}{served}{rules}{rest}</filter>"
    )


def read(document: str) -> Seen:
    """What is in a filter."""
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
    """A short word for all that is let through."""
    return hashlib.sha256(repr(sorted(tuple(each) for each in allowed)).encode()).hexdigest()[:12]


def _on_the_wire(allowed: Allowed) -> str:
    """What is let through, and what answers it, told by addresses and ports."""
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
    told = _addresses(side, allowed.cidr) + _ports("dst", allowed)
    if allowed.peer != allowed.cidr:
        told += f" comment={xml.quoteattr(allowed.peer)}"
    direction = _DIRECTIONS[allowed.way]
    traffic = f"<{allowed.protocol}{told}/>"
    return f"<rule action='accept' direction='{direction}' priority='{ALLOWED}'>{traffic}</rule>\n"


def _to_allowed(rule: Element) -> Allowed | None:
    """What a rule of the role lets through; None for one that is not of this form."""
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
    """Everything in a sound filter but the upper layer's rules of the role."""
    rules = xml.parse(document("", "", allowed, dhcp))
    return sorted(_canonical(rule) for rule in rules if rule.tag == "rule" and _to_allowed(rule) is None)
