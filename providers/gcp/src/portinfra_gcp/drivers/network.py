"""Networks: of custom mode, with no subnetworks but ours. Compute Engine's have no CIDR: theirs is kept."""

from typing import Any

from portinfra.model.resources import Network
from portinfra.provider.interface import Refs
from portinfra_gcp import marks
from portinfra_gcp.drivers.base import GcpDriver, Owned, Told


class NetworkDriver(GcpDriver[Network]):
    """A network. Nothing enters it uninvited, by the rule that Compute Engine implies; nothing leaves it for
    the internet without an external address.
    """

    spec = Network
    collection = "networks"
    lists = "networks.list"
    labelled = False
    renames = False
    replaces = frozenset({"cidr"})
    cannot_show = frozenset({"tags"})

    def seen_spec(self, owned: Owned, told: Told) -> Network:
        """Its CIDR, as it was declared."""
        return Network(owned.mark.address.name, owned.mark.said.get("cidr", ""), owned.mark.tags)

    def describe(self, want: Network, refs: Refs, name: str) -> str:
        """Its CIDR too."""
        return marks.description(want, refs, cidr=want.cidr)

    def body(self, want: Network, refs: Refs) -> dict[str, Any]:
        """Of custom mode."""
        return {"autoCreateSubnetworks": False, "routingConfig": {"routingMode": "REGIONAL"}}
