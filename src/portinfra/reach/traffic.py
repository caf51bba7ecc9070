"""Sets of traffic: closed intervals of ports by protocol, with exact union, intersection and difference."""

from collections.abc import Iterable, Iterator

from portinfra.model.resources import Rule
from portinfra.value import frozen

PORT_MAX = 65_535

EVERY_PROTOCOL = ("icmp", "tcp", "udp")
"""What a rule for the protocol `all` allows."""

Range = tuple[str, int, int]
"""Protocol, first port, last port, both included. Protocols without ports have 0 and 0."""


@frozen
class Traffic:
    """Some traffic: ranges that are sorted and neither overlap nor touch. It is falsy if empty."""

    ranges: tuple[Range, ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[Range]) -> "Traffic":
        """Return the traffic of any ranges, in any order, overlapping or not."""
        merged: list[Range] = []
        for protocol, first, last in sorted(ranges):
            if merged and merged[-1][0] == protocol and first <= merged[-1][2] + 1:
                merged[-1] = (protocol, merged[-1][1], max(last, merged[-1][2]))
            else:
                merged.append((protocol, first, last))
        return cls(tuple(merged))

    @classmethod
    def tcp(cls, first: int, last: int | None = None) -> "Traffic":
        """Return one TCP port, or a range of them."""
        return cls((("tcp", first, first if last is None else last),))

    @classmethod
    def of_rule(cls, rule: Rule) -> "Traffic":
        """Return what a rule allows. All types of ICMP count as one."""
        if rule.protocol == "all":
            return EVERYTHING
        if rule.protocol == "icmp":
            return cls((("icmp", 0, 0),))
        return cls(((rule.protocol, rule.first, rule.last),))

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[Range]:
        return iter(self.ranges)

    def __contains__(self, packet: object) -> bool:
        """Return whether `(protocol, port)` is in it. The port of ICMP is 0."""
        if not isinstance(packet, tuple):
            return False
        protocol, port = packet
        return any(name == protocol and first <= port <= last for name, first, last in self.ranges)

    def __or__(self, other: "Traffic") -> "Traffic":
        if not other.ranges or self is other:
            return self
        return Traffic.of(self.ranges + other.ranges) if self.ranges else other

    def __and__(self, other: "Traffic") -> "Traffic":
        return Traffic.of(
            (protocol, max(first, low), min(last, high))
            for protocol, first, last in self.ranges
            for name, low, high in other.ranges
            if name == protocol and max(first, low) <= min(last, high)
        )

    def __sub__(self, other: "Traffic") -> "Traffic":
        left = list(self.ranges)
        for name, low, high in other.ranges:
            left = [part for one in left for part in _without(one, name, low, high)]
        return Traffic.of(left)

    def __str__(self) -> str:
        """Return the traffic in words: `tcp 443, 8000-8100, udp 53, icmp`."""
        words: list[str] = []
        before = ""
        for protocol, first, last in self.ranges:
            ports = "" if protocol == "icmp" else _ports(first, last)
            words.append(" ".join(part for part in (protocol if protocol != before else "", ports) if part))
            before = protocol
        return ", ".join(words) or "nothing"


def _ports(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}-{last}" if (first, last) != (0, PORT_MAX) else "any port"


def _without(one: Range, name: str, low: int, high: int) -> Iterator[Range]:
    """Return what is left of a range when another is removed."""
    protocol, first, last = one
    if protocol != name or high < first or last < low:
        yield one
        return
    if first < low:
        yield (protocol, first, low - 1)
    if high < last:
        yield (protocol, high + 1, last)


NOTHING = Traffic()
EVERYTHING = Traffic(tuple((name, 0, 0 if name == "icmp" else PORT_MAX) for name in EVERY_PROTOCOL))
