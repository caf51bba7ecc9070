"""nftables.conf of a host: it allows what the cloud's firewall allows, in both directions, and nothing else.

The rules are those of the role's `FirewallRules`, from which `reach` computes who can reach whom. Peers are
the CIDRs of roles, so the number of hosts changes no file. https://wiki.nftables.org
"""

from collections.abc import Iterable, Iterator, Mapping

from portinfra.model.address import Address
from portinfra.model.host_file import HostFile
from portinfra.model.platform_service import DHCP, PlatformService
from portinfra.model.resources import Firewall, FirewallRules, Rule, Spec

PATH = "/etc/nftables.conf"

_HEAD = """\
#!/usr/sbin/nft -f
# portinfra renders this file. Changes by hand are overwritten.
# One transaction replaces the table. Tables of other programs stay: no `flush ruleset`.
table inet portinfra
delete table inet portinfra
table inet portinfra {
"""
_CHAIN = """\
	chain {way} {{
		type filter hook {way} priority filter; policy drop;
		{card} lo accept
		ct state vmap {{ established : accept, related : accept, invalid : drop }}
{rules}		limit rate 5/second burst 20 packets counter log prefix "portinfra {way}: "
	}}
"""
_FORWARD = """\
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
"""
_BROADCAST = "255.255.255.255"

Resources = Mapping[Address, Spec]


def nftables_file(
    rules: FirewallRules, resources: Resources, platform: Iterable[PlatformService]
) -> HostFile:
    """Return the file of the hosts with a firewall, in a subnet with these services of the platform."""
    platform = tuple(platform)
    inward = [*_lines(rules.ingress, "saddr", resources), *_answers(platform)]
    outward = [*_lines(rules.egress, "daddr", resources), *_questions(platform)]
    chains = [
        _CHAIN.format(way=way, card=card, rules="".join(f"\t\t{line}\n" for line in lines))
        for way, card, lines in (("input", "iif", inward), ("output", "oif", outward))
    ]
    text = "".join([_HEAD, *chains, _FORWARD])
    return HostFile(PATH, text, check="nft -c -f %", reload="systemctl reload nftables")


def _lines(rules: Iterable[Rule], side: str, resources: Resources) -> Iterator[str]:
    """Yield one rule for each peer and protocol: a set of addresses with ports refuses overlapping ranges."""
    ports: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for rule in rules:
        ports.setdefault((rule.peer, rule.protocol), []).append((rule.first, rule.last))
    for (peer, protocol), ranges in ports.items():
        firewall = resources.get(Address(peer))
        cidr, name = (firewall.cidr, firewall.name) if isinstance(firewall, Firewall) else (peer, peer)
        yield f'ip {side} {cidr} {_traffic(protocol, ranges)} accept comment "{name}"'


def _traffic(protocol: str, ranges: Iterable[tuple[int, int]]) -> str:
    if protocol == "icmp":
        return "meta l4proto icmp"
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
    return f"{protocol} dport {{ {shown} }}"


def _questions(platform: Iterable[PlatformService]) -> Iterator[str]:
    for each in platform:
        address = f"{{ {each.address}, {_BROADCAST} }}" if _is_dhcp(each) else each.address
        who = " meta skuid 0" if each.root_only else ""
        yield f'ip daddr {address} {each.protocol} dport {each.port}{who} accept comment "platform"'


def _answers(platform: Iterable[PlatformService]) -> Iterator[str]:
    """Yield rules for answers to broadcasts: these come from another address, so they are not established."""
    for each in platform:
        if _is_dhcp(each):
            yield f'ip saddr {each.address} udp sport {DHCP} udp dport 68 accept comment "platform"'


def _is_dhcp(service: PlatformService) -> bool:
    return (service.protocol, service.port) == ("udp", DHCP)
