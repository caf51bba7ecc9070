"""Networks of custom mode, with only our subnetworks. Compute Engine stores no CIDR, so a mark keeps it."""

from typing import Any

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import Network
from portinfra.provider.interface import Refs, Refuse, Wait
from portinfra_gcp import marks
from portinfra_gcp.drivers.base import GcpDriver, Observation, Owned


class NetworkDriver(GcpDriver[Network]):
    """A network. Compute Engine's implied rule denies all ingress.

    Without an external address, no host reaches the internet.
    """

    spec = Network
    collection = "networks"
    lists = "networks.list"
    labelled = False
    has_state = False
    renames = False
    replaces: frozenset[str] = frozenset({"cidr"})
    cannot_show: frozenset[str] = frozenset({"tags"})

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Network]:
        """Return the network. One of another region is pending, with all its resources.

        Our lists show instances and disks of every region, which would otherwise count as in the wrong zone.
        """
        seen = super().to_observed(owned, observation)
        region = owned.mark.content.get("region", self.keyring.region)
        if region == self.keyring.region:
            return seen
        reason = f"this environment is in {region}"
        return evolve(seen, state="pending", parts={**seen.parts, "region": region}, reason=reason)

    def obstacle(self, seen: Observed[Network]) -> Wait | Refuse | None:
        """Return a refusal if the environment is in another region."""
        if "region" in seen.parts:
            region = seen.parts["region"]
            return Refuse(
                f"this environment is in {region}, and its resources there would be destroyed",
                f"Use --on gcp:{region}. To move it, destroy it there first, or give "
                "the new region an environment of its own.",
            )
        return super().obstacle(seen)

    def to_spec(self, owned: Owned, observation: Observation) -> Network:
        """Return the network of a record, with its declared CIDR."""
        return Network(owned.mark.address.name, owned.mark.content.get("cidr", ""), owned.mark.tags)

    def describe(self, want: Network, refs: Refs, name: str) -> str:
        """Return its description, with its CIDR and the region of its resources."""
        return marks.description(want, refs, cidr=want.cidr, region=self.keyring.region)

    def body(self, want: Network, refs: Refs) -> dict[str, Any]:
        """Return the body of a network of custom mode."""
        return {"autoCreateSubnetworks": False, "routingConfig": {"routingMode": "REGIONAL"}}
