"""What every cloud is compared by."""

from collections.abc import Callable, Iterable, Mapping
from itertools import permutations

from attrs import field, frozen

OUTSIDE = "198.51.100.7"
"""Somebody on the internet."""

Packet = tuple[str, int]
Arrives = Callable[[str, str, str, int], bool]
"""From an address, to an address, of a protocol, to a port: whether it comes through."""


@frozen
class Host:
    """One machine."""

    address: str
    zone: str
    disk_gib: int
    public: bool
    running: bool = True


@frozen
class Disk:
    """One volume of data."""

    gib: int
    zone: str
    host: str
    encrypted: bool


@frozen
class World:
    """A cloud, by the names that the topology gives to things."""

    hosts: Mapping[str, Host]
    disks: Mapping[str, Disk]
    subnets: Mapping[str, str]
    """Name → CIDR."""
    arrives: Arrives = field(eq=False, repr=False)

    def together(self) -> set[frozenset[str]]:
        """Which hosts and disks share a zone, whatever it is called."""
        zones: dict[str, set[str]] = {}
        for name, thing in [*self.hosts.items(), *self.disks.items()]:
            zones.setdefault(thing.zone, set()).add(name)
        return {frozenset(names) for names in zones.values()}

    def placement(self) -> dict[str, tuple[str, bool, bool]]:
        """Each host's address, whether the internet can call it, and whether it runs."""
        return {name: (host.address, host.public, host.running) for name, host in self.hosts.items()}

    def storage(self) -> dict[str, tuple[int, str, bool]]:
        """Each disk's size and host, and whether it is encrypted."""
        return {name: (disk.gib, disk.host, disk.encrypted) for name, disk in self.disks.items()}

    def flows(self, packets: Iterable[Packet]) -> set[tuple[str, str, Packet]]:
        """Every packet that comes through, between hosts, and from and to the internet."""
        addresses = {**{name: host.address for name, host in self.hosts.items()}, "internet": OUTSIDE}
        every = tuple(packets)
        return {
            (source, target, packet)
            for source, target in permutations(addresses, 2)
            for packet in every
            if self.arrives(addresses[source], addresses[target], *packet)
        }


def called(native_name: str, scope: str) -> str:
    """The topology's name in a native one: `web1` of `payments-production-web1-1c9a02bd`."""
    return native_name.removeprefix(f"{scope}-").rpartition("-")[0]
