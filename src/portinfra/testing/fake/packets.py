"""Whether a packet arrives, by the records of the cloud, as its network would decide.

Packets(cloud, "111122223333", "us-east-1").arrives("10.0.1.4", "10.0.5.4", "tcp", 5432)

It shares no code with the analysis that tests compare it with, and reads only records.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from portinfra.testing.fake.cloud import FakeCloud

Record = Mapping[str, Any]


class Packets:
    """The network of one account in one region, at the moment of the construction.

    It finds hosts by their private addresses, so no two hosts of the account may share one. Every address
    outside its subnets is on the internet. A stopped host counts, too: its firewall stays.
    """

    def __init__(self, cloud: FakeCloud, account: str, region: str) -> None:
        records = cloud.ground_truth(account, region)
        self.hosts: Mapping[str, Record] = {
            record["private_address"]: record for record in _of("instance", records)
        }
        """Private address → the record of its instance."""
        self._firewalls = {record["id"]: record for record in _of("firewall", records)}
        self._subnets = {record["id"]: record for record in _of("subnet", records)}
        self._bound = {record["instance"] for record in _of("public-address", records)}

    def arrives(self, source: str, target: str, protocol: str, port: int = 0) -> bool:
        """Return whether a packet of `tcp`, `udp` or `icmp` passes from one address to the other."""
        sender, receiver = self.hosts.get(source), self.hosts.get(target)
        if source == target or (sender is None and receiver is None):
            return False
        if not self._route(sender, source, receiver, target):
            return False
        out = sender is None or self._lets(sender, "egress", receiver, target, protocol, port)
        return out and (receiver is None or self._lets(receiver, "ingress", sender, source, protocol, port))

    def _route(self, sender: Record | None, source: str, receiver: Record | None, target: str) -> bool:
        if sender is not None and receiver is not None:
            return bool(sender["network"] == receiver["network"])
        host, other = (sender, target) if sender is not None else (receiver, source)
        assert host is not None
        own = any(_within(other, subnet["cidr"]) for subnet in self._subnets.values())
        if own:  # an address of a subnet that no host has
            return False
        return bool(self._subnets[host["subnet"]]["public"]) and host["id"] in self._bound

    def _lets(
        self, host: Record, direction: str, other: Record | None, address: str, protocol: str, port: int
    ) -> bool:
        return any(
            _about(rule, protocol, port) and _matches(rule["peer"], other, address)
            for rule in self._firewalls[host["firewall"]][direction]
        )


def _of(kind: str, records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record["kind"] == kind]


def _about(rule: Record, protocol: str, port: int) -> bool:
    if rule["protocol"] == "all":
        return True
    if rule["protocol"] != protocol:
        return False
    return protocol == "icmp" or rule["first"] <= port <= rule["last"]


def _matches(peer: str, other: Record | None, address: str) -> bool:
    if "/" in peer:
        return _within(address, peer)
    return other is not None and other["firewall"] == peer


@lru_cache(maxsize=65_536)
def _within(address: str, cidr: str) -> bool:
    return IPv4Address(address) in IPv4Network(cidr)
