"""Subnets: subnetworks, which belong to a region. The description keeps the zone that each serves."""

from collections.abc import Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.resources import Subnet
from portinfra.provider.interface import Call, Refs
from portinfra_gcp import links, marks
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.base import GcpDriver, Observation, Owned
from portinfra_gcp.drivers.reading import Record


class SubnetDriver(GcpDriver[Subnet]):
    """A subnetwork. It has no route to the internet of its own: an external address gives a host one."""

    spec = Subnet
    collection = "subnetworks"
    lists = "subnetworks.list"
    labelled = False
    has_state = False
    renames = False
    replaces: frozenset[str] = frozenset({"network", "cidr", "zone"})
    holds: frozenset[str] = frozenset({"network"})
    cannot_show: frozenset[str] = frozenset({"public", "tags"})

    def listing(self, scope: Scope) -> Call:
        """Return the list of subnetworks of the region."""
        return reading.list_owned(self.lists, scope, region=self.keyring.region)

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return all subnetworks of these networks in the region."""
        return (reading.in_networks(self.lists, networks, region=self.keyring.region),)

    def homes(self, record: Record) -> list[str]:
        """Return its network."""
        return [record["network"]]

    def to_spec(self, owned: Owned, observation: Observation) -> Subnet:
        """Return the subnet of a record: network, CIDR, and the zone for which it was created."""
        return Subnet(
            owned.mark.address.name,
            observation.names.address_of(links.path(owned.record["network"])),
            owned.record["ipCidrRange"],
            owned.mark.content.get("zone", ""),
            tags=owned.mark.tags,
        )

    def describe(self, want: Subnet, refs: Refs, name: str) -> str:
        """Return its description, with its zone."""
        return marks.description(want, refs, zone=want.zone)

    def place(self, want: Subnet) -> dict[str, str]:
        """Return the region."""
        return {"region": self.keyring.region}

    def body(self, want: Subnet, refs: Refs) -> dict[str, Any]:
        """Return network and CIDR."""
        return {"network": refs.id(want.network), "ipCidrRange": want.cidr, "stackType": "IPV4_ONLY"}
