"""Firewall rules in Compute Engine's form: one kind of traffic, in one direction, for all peers.

`web-in-tcp-443-443` allows port 443 from each source to hosts with the tag of `web`. Roles as sources are
tags. Egress has no tags, so roles are the addresses of their firewalls.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import frozen

from portinfra.model.address import RESOURCE_NAME_MAX, Address
from portinfra.model.resources import FirewallRules, Rule
from portinfra.provider.interface import Refs

Way = Literal["ingress", "egress"]
Traffic = tuple[str, int, int]
Record = Mapping[str, Any]

PRIORITY = 1000

SOURCE_TAGS_MAX = 30
"""https://cloud.google.com/firewall/docs/quotas. With more roles, the rule names all of them by addresses."""

_SHORT: Mapping[Way, str] = {"ingress": "in", "egress": "out"}
_PROTOCOLS: Mapping[str, str] = {"1": "icmp", "6": "tcp", "17": "udp"}
_PORTS_ALL = (0, 65_535)


@frozen
class Compiled:
    """One rule of Compute Engine, in the form of a declaration."""

    way: Way
    traffic: tuple[Traffic, ...]
    peers: frozenset[str]
    """Addresses of firewalls, CIDRs, and Compute Engine's names of peers that a declaration cannot express.
    """
    ours: bool = True
    damaged: bool = False
    """Whether a rule of ours is not in force as it should be. portinfra writes it again."""

    def rules(self) -> list[Rule]:
        """Return what it allows."""
        return [Rule(*traffic, peer) for traffic in self.traffic for peer in sorted(self.peers)]

    def text(self) -> str:
        """Return it as text, for a part of an observation."""
        return json.dumps([self.way, self.traffic, sorted(self.peers), self.ours, self.damaged])

    @classmethod
    def of_text(cls, text: str) -> "Compiled":
        """Return the rule that `text` wrote."""
        way, traffic, peers, ours, damaged = json.loads(text)
        return cls(
            way, tuple((p, first, last) for p, first, last in traffic), frozenset(peers), ours, damaged
        )


def compile(rules: FirewallRules, base: str) -> dict[str, Compiled]:
    """Return name within the scope → rule. `base` is the first name of the role's firewall."""
    peers: dict[tuple[Way, Traffic], set[str]] = {}
    ways: tuple[tuple[Way, tuple[Rule, ...]], ...] = (("ingress", rules.ingress), ("egress", rules.egress))
    for way, allowed in ways:
        for rule in allowed:
            peers.setdefault((way, rule[:3]), set()).add(rule.peer)
    return {_label(base, *key): Compiled(key[0], (key[1],), frozenset(peers[key])) for key in sorted(peers)}


def _label(base: str, way: Way, traffic: Traffic) -> str:
    """Return the name of a rule. It ends in a digit, which no role does, so it is never a firewall's name."""
    label = "-".join([base, _SHORT[way], *map(str, traffic)])
    if len(label) <= RESOURCE_NAME_MAX:
        return label
    return f"{label[: RESOURCE_NAME_MAX - 14]}-{hashlib.sha256(label.encode()).hexdigest()[:12]}0"


@frozen
class Words:
    """The roles of tags and addresses, to read rules."""

    by_tag: Mapping[str, Address]
    by_cidr: Mapping[str, Address]

    def read(self, record: Record, *, ours: bool, tag: str) -> Compiled:
        """Return a listed rule in the form of a declaration."""
        way: Way = "egress" if record.get("direction") == "EGRESS" else "ingress"
        peers = [self._tag(each) for each in record.get("sourceTags") or ()]
        ranges = record.get("destinationRanges" if way == "egress" else "sourceRanges") or ()
        peers += [self.by_cidr.get(each, each) for each in ranges]
        peers += [f"account:{each}" for each in record.get("sourceServiceAccounts") or ()]
        allowed = () if record.get("disabled") else record.get("allowed") or ()
        damaged = (
            not allowed or record.get("priority") != PRIORITY or list(record.get("targetTags") or ()) != [tag]
        )
        return Compiled(way, tuple(sorted(_traffic(allowed))), frozenset(peers), ours, ours and damaged)

    def _tag(self, tag: str) -> str:
        return self.by_tag.get(tag) or f"tag:{tag}"


def _traffic(allowed: Iterable[Record]) -> Iterable[Traffic]:
    for entry in allowed:
        protocol = _PROTOCOLS.get(entry["IPProtocol"], entry["IPProtocol"])
        ports = entry.get("ports") or ()
        if not ports:
            yield (protocol, *_PORTS_ALL) if protocol in ("tcp", "udp") else (protocol, 0, 0)
        for port in ports:
            first, _, last = port.partition("-")
            yield protocol, int(first), int(last or first)


def native(compiled: Compiled, tag: str, refs: Refs) -> dict[str, Any]:
    """Return a rule in the form of a request, without its name, network and description."""
    ((protocol, first, last),) = compiled.traffic
    entry: dict[str, Any] = {"IPProtocol": protocol}
    if protocol in ("tcp", "udp"):
        entry["ports"] = [str(first) if first == last else f"{first}-{last}"]
    body = {"priority": PRIORITY, "allowed": [entry], "targetTags": [tag], "direction": compiled.way.upper()}
    roles = [refs.seen[Address(peer)] for peer in sorted(compiled.peers) if peer.startswith("firewall.")]
    ranges = [peer for peer in compiled.peers if not peer.startswith("firewall.")]
    cidrs = [role.spec.cidr for role in roles]
    if compiled.way == "egress":
        return {**body, "destinationRanges": sorted({*ranges, *cidrs})}
    if len(roles) > SOURCE_TAGS_MAX:
        return {**body, "sourceRanges": sorted({*ranges, *cidrs})}
    tags = sorted(role.parts["name"] for role in roles)
    sources = {"sourceTags": tags, "sourceRanges": sorted(ranges)}
    return body | {name: peers for name, peers in sources.items() if peers}
