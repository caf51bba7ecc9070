"""From walls to links: what passes between each two parties in one step."""

from collections.abc import Iterable, Mapping, Sequence

from portinfra.model.address import Address
from portinfra.model.resources import Rule
from portinfra.reach.parties import Party, RuleSets
from portinfra.reach.traffic import EVERYTHING, NOTHING, Traffic

ByPeer = Mapping[str, Traffic]


def links(walls: RuleSets) -> dict[int, dict[int, Traffic]]:
    """Party → party → what passes; only where something does."""
    inward = {firewall: _by_peer(spec.ingress) for firewall, spec in walls.rules.items()}
    outward = {firewall: _by_peer(spec.egress) for firewall, spec in walls.rules.items()}
    bearers = _bearers(walls.parties)
    online = [number for number, party in enumerate(walls.parties) if party.hosts and party.online]
    found: dict[int, dict[int, Traffic]] = {}
    for here, source in enumerate(walls.parties):
        for there in _targets(source, outward, bearers) if source.hosts else online:
            target = walls.parties[there]
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
    """Peer → the parties that it stands for."""
    bearers: dict[str, list[int]] = {}
    for number, party in enumerate(parties):
        for peer in (*party.ranges, *([party.firewall] if party.firewall else [])):
            bearers.setdefault(peer, []).append(number)
    return bearers


def _targets(
    source: Party, outward: Mapping[Address, ByPeer], bearers: Mapping[str, Sequence[int]]
) -> list[int]:
    """The parties that any of its rules towards outside names, in a stable order."""
    peers = outward.get(source.firewall, {}) if source.firewall else {}
    return sorted({number for peer in peers for number in bearers.get(peer, ())})


def _route(source: Party, target: Party) -> bool:
    if source.hosts and target.hosts:
        return source.network == target.network
    return source.online and target.online


def _lets(bearer: Party, other: Party, rules: Mapping[Address, ByPeer]) -> Traffic:
    """What the bearer's own rules let through to or from the other. Outside, nobody asks."""
    if not bearer.hosts:
        return EVERYTHING
    by_peer = rules.get(bearer.firewall, {}) if bearer.firewall else {}
    traffic = NOTHING
    for peer in (*other.ranges, *([other.firewall] if other.firewall else [])):
        traffic |= by_peer.get(peer, NOTHING)
    return traffic
