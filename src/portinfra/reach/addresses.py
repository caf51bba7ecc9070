"""The IPv4 address space, divided where the CIDRs of rules begin and end. It is exact and never sampled."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from itertools import pairwise

from portinfra.value import frozen

LAST = 2**32 - 1

Interval = tuple[int, int]
"""First and last address as numbers, both included."""

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
"""Addresses that no host on the internet has."""


def bounds(cidr: str) -> Interval:
    """Return the first and last address of a CIDR, or of one address. Raise ValueError for any other text."""
    network = IPv4Network(cidr, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def overlap(some: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """Return the addresses that are in both."""
    others = list(others)
    return [
        (max(first, low), min(last, high))
        for first, last in some
        for low, high in others
        if max(first, low) <= min(last, high)
    ]


def size(intervals: Iterable[Interval]) -> int:
    """Return how many addresses there are."""
    return sum(last - first + 1 for first, last in intervals)


def size_public(intervals: Iterable[Interval]) -> int:
    """Return how many addresses a host on the internet may have."""
    intervals = list(intervals)
    return size(intervals) - size(overlap(intervals, map(bounds, PRIVATE)))


def cidrs(intervals: Iterable[Interval]) -> Iterator[str]:
    """Return the fewest CIDRs that are exactly these addresses."""
    for first, last in intervals:
        for network in summarize_address_range(IPv4Address(first), IPv4Address(last)):
            yield str(network)


@frozen
class Atom:
    """Consecutive addresses that are all in the same CIDRs."""

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
        """Return the address space, divided at each end of each CIDR."""
        ends = {cidr: bounds(cidr) for cidr in cidrs}
        starts = sorted({0, *(first for first, _ in ends.values()), *(last + 1 for _, last in ends.values())})
        starts = [start for start in starts if start <= LAST]
        atoms = []
        for start, following in pairwise([*starts, LAST + 1]):
            within = frozenset(cidr for cidr, (low, high) in ends.items() if low <= start <= high)
            atoms.append(Atom(start, following - 1, within))
        return cls(tuple(atoms), tuple(starts))

    def atom(self, address: int) -> Atom:
        """Return the atom that contains an address."""
        return self.atoms[bisect_right(self.starts, address) - 1]
