"""Short texts for many resources: `3 instances (web1 … web3)`."""

from collections import Counter
from collections.abc import Iterable

from portinfra.format import count, join_runs
from portinfra.model.address import Address


def count_by_kind(addresses: Iterable[Address]) -> str:
    """Return the number of each kind, and the names of hosts: `3 subnets, 3 instances (web1 … web3)`."""
    found = list(addresses)
    hosts = join_runs(address.name for address in found if address.kind == "instance")
    return ", ".join(
        f"{count(number, kind)} ({hosts})" if kind == "instance" else count(number, kind)
        for kind, number in Counter(address.kind for address in found).items()
    )
