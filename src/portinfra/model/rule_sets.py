"""Firewall rules, compared by the traffic that they allow and not by their text.

`tcp 443` and `tcp 443-444` are different rules, and the second allows all that the first does.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from portinfra.model.resources import Rule

Cidrs = Mapping[str, str]
"""Address of a firewall → the CIDR of all its hosts."""

_UNKNOWN: Cidrs = {}


def common(one: Rule, other: Rule, cidrs: Cidrs = _UNKNOWN) -> Rule | None:
    """Return the traffic that both rules allow, as one rule; None if there is none.

    A firewall and a CIDR may have hosts in common. If `cidrs` lacks the firewall, the peer of `other` is
    returned, which may be too much.
    """
    traffic = _common_traffic(one, other)
    peer = _common_peer(one.peer, other.peer, cidrs)
    return None if traffic is None or peer is None else Rule(*traffic, peer)


def covers(outer: Rule, inner: Rule, cidrs: Cidrs = _UNKNOWN) -> bool:
    """Return whether `outer` alone allows all that `inner` does."""
    return _common_traffic(outer, inner) == inner[:3] and _covers_peer(outer.peer, inner.peer, cidrs)


def is_needed(rule: Rule, wanted: Iterable[Rule], left: Iterable[Rule]) -> bool:
    """Return whether this rule allows wanted traffic that no rule in `left` allows."""
    left = tuple(left)
    shared = (common(rule, want) for want in wanted)
    return any(not any(covers(other, each) for other in left) for each in shared if each)


def without(rules: Iterable[Rule], others: Iterable[Rule], cidrs: Cidrs = _UNKNOWN) -> tuple[Rule, ...]:
    """Return the rules that none of the others covers."""
    others = tuple(others)
    return tuple(rule for rule in rules if not any(covers(other, rule, cidrs) for other in others))


def difference(rules: Iterable[Rule], others: Iterable[Rule], cidrs: Cidrs) -> tuple[Rule, ...]:
    """Return rules for the traffic of `rules` that none of the others allows.

    The result is exact in ports. A peer of which only a part is covered is returned as a whole.
    """
    others = tuple(others)
    found: list[Rule] = []
    for rule in rules:
        pieces = [rule]
        for other in others:
            if _covers_peer(other.peer, rule.peer, cidrs):
                pieces = [left for piece in pieces for left in _other_ports(piece, other)]
        found += pieces
    return tuple(found)


def intersection(rules: Iterable[Rule], wanted: Iterable[Rule], cidrs: Cidrs) -> tuple[Rule, ...]:
    """Return rules for the traffic that both sets allow. A rule that is wanted as a whole stays as it is."""
    wanted = tuple(wanted)
    found: set[Rule] = set()
    for rule in rules:
        if any(covers(want, rule, cidrs) for want in wanted):
            found.add(rule)
        else:
            found.update(each for want in wanted if (each := common(rule, want, cidrs)))
    for rule in sorted(found):
        if not without([rule], found - {rule}, cidrs):
            found.remove(rule)
    return tuple(sorted(found))


def _common_traffic(one: Rule, other: Rule) -> tuple[str, int, int] | None:
    if "all" in (one.protocol, other.protocol):
        return other[:3] if one.protocol == "all" else one[:3]
    if one.protocol != other.protocol:
        return None
    if one.protocol not in ("tcp", "udp"):
        return one[:3] if one[:3] == other[:3] else None
    first, last = max(one.first, other.first), min(one.last, other.last)
    return (one.protocol, first, last) if first <= last else None


def _other_ports(rule: Rule, other: Rule) -> list[Rule]:
    """Return the rule without the ports of the other rule."""
    shared = _common_traffic(rule, other)
    if shared == rule[:3]:
        return []
    if shared is None or rule.protocol not in ("tcp", "udp"):
        return [rule]
    _, first, last = shared
    below, above = rule._replace(last=first - 1), rule._replace(first=last + 1)
    return [each for each in (below, above) if each.first <= each.last]


def _covers_peer(outer: str, inner: str, cidrs: Cidrs) -> bool:
    if outer == inner:
        return True
    around, within = _network(outer), _network(cidrs.get(inner, inner))
    return around is not None and within is not None and _contains(around, within)


def _common_peer(one: str, other: str, cidrs: Cidrs) -> str | None:
    if one == other:
        return one
    for firewall, cidr in ((one, other), (other, one)):
        if firewall.startswith("firewall.") and firewall not in cidrs and _network(cidr) is not None:
            return other
    some, others = _network(cidrs.get(one, one)), _network(cidrs.get(other, other))
    if some is None or others is None:
        return None
    if _contains(others, some):
        return one
    return other if _contains(some, others) else None


def _contains(outer: IPv4Network | IPv6Network, inner: IPv4Network | IPv6Network) -> bool:
    if isinstance(outer, IPv4Network) and isinstance(inner, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(outer, IPv6Network) and isinstance(inner, IPv6Network):
        return inner.subnet_of(outer)
    return False


@cache
def _network(peer: str) -> IPv4Network | IPv6Network | None:
    """Return the addresses of a CIDR; None for any other peer."""
    try:
        return ip_network(peer, strict=False)
    except ValueError:
        return None
