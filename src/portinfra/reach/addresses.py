"""The space of IPv4 addresses, cut where the CIDRs of rules begin and end: never sampled, always exact."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from itertools import pairwise

from attrs import frozen

LAST = 2**32 - 1

Interval = tuple[int, int]
"""First and last address as numbers, inclusive."""

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
"""Addresses that nobody on the internet has."""


def bounds(cidr: str) -> Interval:
    """The first and last address of a CIDR, or of an address alone. Raises ValueError where it is neither."""
    network = IPv4Network(cidr, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def overlap(some: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """The addresses that are in both."""
    others = list(others)
    return [
        (max(first, low), min(last, high))
        for first, last in some
        for low, high in others
        if max(first, low) <= min(last, high)
    ]


def size(intervals: Iterable[Interval]) -> int:
    """How many addresses."""
    return sum(last - first + 1 for first, last in intervals)


def size_public(intervals: Iterable[Interval]) -> int:
    """How many addresses that somebody on the internet may have."""
    intervals = list(intervals)
    return size(intervals) - size(overlap(intervals, map(bounds, PRIVATE)))


def cidrs(intervals: Iterable[Interval]) -> Iterator[str]:
    """The fewest CIDRs that are exactly these addresses."""
    for first, last in intervals:
        for network in summarize_address_range(IPv4Address(first), IPv4Address(last)):
            yield str(network)


@frozen
class Atom:
    """Addresses in a row, of which every one is in the same CIDRs."""

    first: int
    last: int
    cidrs: frozenset[str]


@frozen
class AddressSpace:
    """Every address, as atoms in order."""

    atoms: tuple[Atom, ...]
    starts: tuple[int, ...]

    @classmethod
    def cut(cls, cidrs: Iterable[str]) -> "AddressSpace":
        """The space, cut at each end of each CIDR."""
        ends = {cidr: bounds(cidr) for cidr in cidrs}
        starts = sorted({0, *(first for first, _ in ends.values()), *(last + 1 for _, last in ends.values())})
        starts = [start for start in starts if start <= LAST]
        atoms = []
        for start, following in pairwise([*starts, LAST + 1]):
            within = frozenset(cidr for cidr, (low, high) in ends.items() if low <= start <= high)
            atoms.append(Atom(start, following - 1, within))
        return cls(tuple(atoms), tuple(starts))

    def atom(self, address: int) -> Atom:
        """The atom that an address is in."""
        return self.atoms[bisect_right(self.starts, address) - 1]
