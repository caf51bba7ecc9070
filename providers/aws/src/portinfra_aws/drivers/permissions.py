"""Security group rules, in EC2's form and in the form of a declaration.

A rule that a declaration cannot express still gets a name: `icmp-type` for a single type and code; a group,
prefix list or IPv6 block as the peer. So portinfra sees it, compares it as different, and can revoke it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from portinfra.model.address import Address
from portinfra.model.resources import Rule
from portinfra.provider.interface import Names, Refs

Record = Mapping[str, Any]

ALL_OUT = Rule("all", 0, 0, "0.0.0.0/0")
"""The egress rule of a new group."""

_NO_PORTS = ("all", "icmp")


def to_rules(records: Iterable[Record], names: Names) -> tuple[Rule, ...]:
    """Return rules in the form of a declaration, sorted. A peer that is not ours keeps EC2's name."""
    return tuple(sorted(rule for record in records for rule in _rules(record, names)))


def _rules(record: Record, names: Names) -> Iterator[Rule]:
    protocol, first, last = _traffic(record)
    for group in record.get("groups") or ():
        yield Rule(protocol, first, last, names.address_of(group.get("groupId")) or group.get("groupId", "?"))
    for member, key in (
        ("ipRanges", "cidrIp"),
        ("ipv6Ranges", "cidrIpv6"),
        ("prefixListIds", "prefixListId"),
    ):
        for peer in record.get(member) or ():
            yield Rule(protocol, first, last, peer[key])


def _traffic(record: Record) -> tuple[str, int, int]:
    protocol = record.get("ipProtocol", "-1")
    first, last = int(record.get("fromPort") or 0), int(record.get("toPort") or 0)
    if protocol == "-1":
        return "all", 0, 0
    if protocol == "icmp":
        return ("icmp", 0, 0) if (first, last) == (-1, -1) else ("icmp-type", first, last)
    return protocol, first, last


def native(rules: Iterable[Rule], refs: Refs) -> list[dict[str, Any]]:
    """Return rules in the form of a request: `IpPermissions`."""
    return [{**_ports(rule), **_peer(rule.peer, refs)} for rule in rules]


def _ports(rule: Rule) -> dict[str, Any]:
    if rule.protocol == "all":
        return {"IpProtocol": "-1"}
    if rule.protocol == "icmp":
        return {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}
    protocol = "icmp" if rule.protocol == "icmp-type" else rule.protocol
    if protocol.isdigit() and not rule.first and not rule.last:
        return {"IpProtocol": protocol}
    return {"IpProtocol": protocol, "FromPort": rule.first, "ToPort": rule.last}


def _peer(peer: str, refs: Refs) -> dict[str, Any]:
    if peer.startswith("firewall."):
        return {"Groups": [{"GroupId": refs.id(Address(peer))}]}
    if peer.startswith("sg-"):
        return {"Groups": [{"GroupId": peer}]}
    if peer.startswith("pl-"):
        return {"PrefixListIds": [{"PrefixListId": peer}]}
    if ":" in peer:
        return {"Ipv6Ranges": [{"CidrIpv6": peer}]}
    return {"IpRanges": [{"CidrIp": peer}]}
