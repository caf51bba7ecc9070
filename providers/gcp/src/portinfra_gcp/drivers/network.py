"""Networks: of custom mode, with no subnetworks but ours. Compute Engine's have no CIDR: theirs is kept."""

from typing import Any

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import Network
from portinfra.provider.interface import Refs, Refuse, Wait
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
    has_state = False
    renames = False
    replaces = frozenset({"cidr"})
    cannot_show = frozenset({"tags"})

    def to_observed(self, owned: Owned, told: Told) -> Observed[Network]:
        """One that was made from another region is left alone, and all that is in it: instances and disks of
        every region show in our lists, and would be taken for ones in the wrong zone.
        """
        seen = super().to_observed(owned, told)
        region = owned.mark.said.get("region", self.keyring.region)
        if region == self.keyring.region:
            return seen
        reason = f"this environment lies in {region}"
        return evolve(seen, state="pending", parts={**seen.parts, "region": region}, reason=reason)

    def obstacle(self, seen: Observed[Network]) -> Wait | Refuse | None:
        """Nothing is done where the environment lies in another region."""
        if "region" in seen.parts:
            region = seen.parts["region"]
            return Refuse(
                f"this environment lies in {region}, and what is there would be destroyed",
                f"Place it there: --on gcp:{region}. To have it elsewhere, destroy it there first, or give "
                "the new place an environment of its own.",
            )
        return super().obstacle(seen)

    def to_spec(self, owned: Owned, told: Told) -> Network:
        """Its CIDR, as it was declared."""
        return Network(owned.mark.address.name, owned.mark.said.get("cidr", ""), owned.mark.tags)

    def describe(self, want: Network, refs: Refs, name: str) -> str:
        """Its CIDR too, and the region of what is in it."""
        return marks.description(want, refs, cidr=want.cidr, region=self.keyring.region)

    def body(self, want: Network, refs: Refs) -> dict[str, Any]:
        """Of custom mode."""
        return {"autoCreateSubnetworks": False, "routingConfig": {"routingMode": "REGIONAL"}}
