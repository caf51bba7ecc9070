"""Subnets: subnetworks, which are a region's; the zone that each serves is kept in its description."""

from collections.abc import Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.resources import Subnet
from portinfra.provider.interface import Call, Refs
from portinfra_gcp import links, marks
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.base import GcpDriver, Owned, Told
from portinfra_gcp.drivers.reading import Record


class SubnetDriver(GcpDriver[Subnet]):
    """A subnetwork. It has no way to the internet to open or close: a host has, with its address."""

    spec = Subnet
    collection = "subnetworks"
    lists = "subnetworks.list"
    labelled = False
    has_state = False
    renames = False
    replaces = frozenset({"network", "cidr", "zone"})
    holds = frozenset({"network"})
    cannot_show = frozenset({"public", "tags"})

    def listing(self, scope: Scope) -> Call:
        """Those of the region."""
        return reading.list_owned(self.lists, scope, region=self.keyring.region)

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return all subnetworks of these networks in the region."""
        return (reading.in_networks(self.lists, networks, region=self.keyring.region),)

    def homes(self, record: Record) -> list[str]:
        """Return its network."""
        return [record["network"]]

    def to_spec(self, owned: Owned, told: Told) -> Subnet:
        """Network and CIDR; and the zone that it was made for."""
        return Subnet(
            owned.mark.address.name,
            told.names.address_of(links.path(owned.record["network"])),
            owned.record["ipCidrRange"],
            owned.mark.said.get("zone", ""),
            tags=owned.mark.tags,
        )

    def describe(self, want: Subnet, refs: Refs, name: str) -> str:
        """The zone too."""
        return marks.description(want, refs, zone=want.zone)

    def place(self, want: Subnet) -> dict[str, str]:
        """The region."""
        return {"region": self.keyring.region}

    def body(self, want: Subnet, refs: Refs) -> dict[str, Any]:
        """Network and CIDR."""
        return {"network": refs.id(want.network), "ipCidrRange": want.cidr, "stackType": "IPV4_ONLY"}
