"""Links: the traffic that passes between each two parties in one step, computed from rule sets."""

from collections.abc import Iterable, Mapping, Sequence

from portinfra.model.address import Address
from portinfra.model.resources import Rule
from portinfra.reach.parties import Party, RuleSets
from portinfra.reach.traffic import EVERYTHING, NOTHING, Traffic

ByPeer = Mapping[str, Traffic]


def links(rule_sets: RuleSets) -> dict[int, dict[int, Traffic]]:
    """Return party → party → traffic, where any traffic passes."""
    inward = {firewall: _by_peer(spec.ingress) for firewall, spec in rule_sets.rules.items()}
    outward = {firewall: _by_peer(spec.egress) for firewall, spec in rule_sets.rules.items()}
    bearers = _bearers(rule_sets.parties)
    online = [number for number, party in enumerate(rule_sets.parties) if party.hosts and party.online]
    found: dict[int, dict[int, Traffic]] = {}
    for here, source in enumerate(rule_sets.parties):
        for there in _targets(source, outward, bearers) if source.hosts else online:
            target = rule_sets.parties[there]
            if not _route(source, target):
                continue
            traffic = _lets(source, target, outward) & _lets(target, source, inward)
            if traffic:
                found.setdefault(here, {})[there] = traffic
    return found


def _by_peer(rules: Iterable[Rule]) -> dict[str, Traffic]:
    by_peer: dict[str, Traffic] = {}
    for rule in rules:
        by_peer[rule.peer] = by_peer.get(rule.peer, NOTHING) | Traffic.of_rule(rule)
    return by_peer


def _bearers(parties: Sequence[Party]) -> dict[str, list[int]]:
    """Return peer → the parties that it means."""
    bearers: dict[str, list[int]] = {}
    for number, party in enumerate(parties):
        for peer in (*party.ranges, *([party.firewall] if party.firewall else [])):
            bearers.setdefault(peer, []).append(number)
    return bearers


def _targets(
    source: Party, outward: Mapping[Address, ByPeer], bearers: Mapping[str, Sequence[int]]
) -> list[int]:
    """Return the parties that any of its egress rules names, in a stable order."""
    peers = outward.get(source.firewall, {}) if source.firewall else {}
    return sorted({number for peer in peers for number in bearers.get(peer, ())})


def _route(source: Party, target: Party) -> bool:
    if source.hosts and target.hosts:
        return source.network == target.network
    return source.online and target.online


def _lets(bearer: Party, other: Party, rules: Mapping[Address, ByPeer]) -> Traffic:
    """Return what the bearer's own rules allow to or from the other. The outside has no rules and allows
    everything.
    """
    if not bearer.hosts:
        return EVERYTHING
    by_peer = rules.get(bearer.firewall, {}) if bearer.firewall else {}
    traffic = NOTHING
    for peer in (*other.ranges, *([other.firewall] if other.firewall else [])):
        traffic |= by_peer.get(peer, NOTHING)
    return traffic
