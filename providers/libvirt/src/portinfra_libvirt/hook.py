#!/usr/bin/python3 -I
"""The hook for access by NAT: libvirt runs it when a network changes. https://libvirt.org/hooks.html

It is installed as /etc/libvirt/hooks/network.d/portinfra. It is a file of its own that needs Python 3.7 and
nft only. libvirt waits for it, so it must not call libvirt. It reads libvirt's files in /etc/libvirt instead:
its standard input has the network as it was at its start.

Each network that forwards has one nftables table, which the hook replaces at once. The table translates
outgoing traffic. At a public address, it forwards what the host's filter allows from outside of the network,
and nothing else. The filter decides from which sources.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

DEFINITIONS = Path("/etc/libvirt")
INTERFACES = Path("/sys/class/net")
PLACE = DEFINITIONS / "hooks/network.d/portinfra"
URI = "urn:portinfra:network"
PORTGROUP = "portinfra-public"
"""The name of a portgroup in each network that forwards."""
PUBLIC = "public"
CHANGING = "changing"
"""The key in a network's metadata while a caller waits for a confirmation of new forwarding."""
ANSWER = "portinfra hook 1: it is forwarded"
"""The hook answers by failing with this message: libvirt returns no other output to the caller."""


class Forward(NamedTuple):
    """One forwarded port range."""

    public: str
    protocol: str
    first: int
    last: int
    host: str
    """The address in the network."""


def main(operation: str, name: str, document: str, definitions: Path = DEFINITIONS) -> str:
    """Bring a network's table up to date. Return the message for the caller; empty without one."""
    live = ElementTree.fromstring(document)
    bridge = _attribute(live if live.tag == "network" else live.find("network"), "bridge", "name")
    network = _definition(definitions / "qemu/networks", name)
    said = _read_metadata(network)
    if said is None or not bridge or operation == "start":
        return ""
    stopped = operation == "stopped" or not (INTERFACES / bridge).exists()
    forwarding = network.find(f"portgroup[@name='{PORTGROUP}']") is not None
    if stopped or not forwarding:
        _nft(without(bridge))
    else:
        _nft(table(bridge, cidr_of(network), forwards(network, definitions)))
    return ANSWER if operation == "updated" and said.get(CHANGING) else ""


def forwards(network: ElementTree.Element, definitions: Path) -> list[Forward]:
    """Return every forwarded port range of a network, by the filters of its public hosts."""
    cidr = cidr_of(network)
    found: set[Forward] = set()
    for entry in ((_read_metadata(network) or {}).get(PUBLIC) or {}).values():
        if not entry.get("public"):
            continue
        domain = _definition(definitions / "qemu", entry.get("domain", ""))
        for card in domain.iterfind("devices/interface/filterref"):
            if card.find(f"parameter[@name='IP'][@value='{entry.get('ip')}']") is not None:
                filter = _definition(definitions / "nwfilter", card.get("filter", ""))
                found.update(
                    Forward(entry["public"], *each, entry["ip"]) for each in _ports_from_outside(filter, cidr)
                )
    return sorted(found)


def table(bridge: str, cidr: str, forwards: list[Forward]) -> str:
    """Return the table in nft's language. It replaces any earlier table."""
    rules = "".join(f"    {_rule(each)}\n" for each in forwards)
    return f"""\
{without(bridge)}\
table ip portinfra_{bridge} {{
  chain forwards {{
{rules}  }}
  chain prerouting {{
    type nat hook prerouting priority -100;
    jump forwards
  }}
  chain output {{
    type nat hook output priority -100;
    jump forwards
  }}
  chain postrouting {{
    type nat hook postrouting priority 100;
    ip saddr {cidr} oifname != "{bridge}" masquerade
    ip saddr {cidr} oifname "{bridge}" ct status dnat masquerade
  }}
  chain forward {{
    type filter hook forward priority 0;
    iifname != "{bridge}" oifname "{bridge}" ct state new ct status & dnat == 0 drop
  }}
}}
"""


def without(bridge: str) -> str:
    """Return the removal of the table in nft's language. It also works without a table."""
    return f"table ip portinfra_{bridge} {{ }}\ndelete table ip portinfra_{bridge}\n"


def cidr_of(network: ElementTree.Element) -> str:
    """Return the addresses of a network."""
    size = _attribute(network, "ip", "prefix") or _attribute(network, "ip", "netmask")
    return str(ipaddress.ip_network(f"{_attribute(network, 'ip', 'address')}/{size}", strict=False))


def _rule(forward: Forward) -> str:
    ports = "" if forward.protocol == "icmp" else f" {forward.protocol} dport {forward.first}-{forward.last}"
    protocol = " ip protocol icmp" if forward.protocol == "icmp" else ""
    return f"ip daddr {forward.public}{protocol}{ports} dnat to {forward.host}"


def _ports_from_outside(filter: ElementTree.Element, cidr: str) -> list[tuple[str, int, int]]:
    """Return what a filter allows from addresses outside of the network: protocol, first and last port."""
    inside = ipaddress.IPv4Network(cidr)
    found = []
    for rule in filter.iterfind("rule[@action='accept'][@direction='in'][@priority='500']"):
        for traffic in rule:
            address = traffic.get("srcipaddr")
            source = f"{address}/{traffic.get('srcipmask', '32')}" if address else "0.0.0.0/0"
            outside = not ipaddress.IPv4Network(source, strict=False).subnet_of(inside)
            if outside and traffic.tag in ("tcp", "udp", "icmp"):
                first = traffic.get("dstportstart", "0")
                found.append((traffic.tag, int(first), int(traffic.get("dstportend", first))))
    return found


def _definition(directory: Path, name: str) -> ElementTree.Element:
    """Return libvirt's definition of a name; an empty element if there is none."""
    try:
        return ElementTree.parse(directory / f"{name}.xml").getroot()
    except (OSError, ElementTree.ParseError):
        return ElementTree.Element("nothing")


def _read_metadata(network: ElementTree.Element) -> dict[str, Any] | None:
    """Return our own metadata; None if there is none."""
    for each in network.iterfind("metadata/*"):
        if each.tag.startswith(f"{{{URI}}}"):
            try:
                return dict(json.loads(each.text or "{}"))
            except ValueError:
                return None
    return None


def _attribute(root: ElementTree.Element | None, path: str, name: str) -> str:
    found = None if root is None else root.find(path)
    return "" if found is None else found.get(name, "")


def _nft(text: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=text, check=True, text=True)


def _run() -> None:
    name, operation = sys.argv[1:3]
    with Path(__file__).open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        try:
            answer = main(operation, name, sys.stdin.read())
        except (OSError, ValueError, ElementTree.ParseError, subprocess.SubprocessError) as error:
            answer = f"portinfra hook: {error}"
    # An update is complete before the hook runs, so a failure breaks nothing. Any other failure would stop a
    # network or a guest.
    if answer:
        sys.stderr.write(f"{answer}\n")
        sys.exit(operation == "updated")


if __name__ == "__main__":
    _run()
