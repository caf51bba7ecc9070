"""Addresses as numbers, which are fast enough for every request."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from portinfra.testing.fake.errors import FakeError


@lru_cache(maxsize=65_536)
def bounds(cidr: str) -> tuple[int, int]:
    """Return the first and last address of a CIDR. Raises FakeError for an invalid CIDR."""
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise FakeError("InvalidRequest", f"{cidr!r} is no CIDR: {error}") from error
    return int(network.network_address), int(network.broadcast_address)


def number(address: str) -> int:
    """Return an address as a number. Raises FakeError for an invalid address."""
    try:
        return int(IPv4Address(address))
    except ValueError as error:
        raise FakeError("InvalidRequest", f"{address!r} is no address") from error
