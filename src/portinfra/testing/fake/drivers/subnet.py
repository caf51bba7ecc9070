"""Subnets."""

from typing import Any, ClassVar

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import Subnet
from portinfra.provider.interface import Names, NextCall, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark
from portinfra.testing.fake.shapes import Shape


class SubnetDriver(FakeDriver[Subnet]):
    """A subnet. Its CIDR is unique within the network, so it has no duplicates."""

    spec = Subnet
    noun = "Subnet"
    plural = "Subnets"
    inside: ClassVar[tuple[str, ...]] = ("network",)
    replaces: frozenset[str] = frozenset({"network", "cidr", "zone"})
    holds: frozenset[str] = frozenset({"network"})

    def __init__(self, shape: Shape, zones: tuple[str, ...]) -> None:
        super().__init__(shape, zones)
        if not shape.zonal_subnets:
            self.cannot_show: frozenset[str] = self.cannot_show | {"zone"}

    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Subnet:
        """Return network, CIDR, zone and whether it is public."""
        network = names.address_of(record["network"])
        return Subnet(name, network, record["cidr"], record["zone"], record["public"], mark.tags)

    def parameters(self, want: Subnet, refs: Refs) -> dict[str, Any]:
        """Return network, CIDR and zone."""
        zone = {"zone": want.zone} if self.shape.zonal_subnets else {}
        return {"network": refs.id(want.network), "cidr": want.cidr, "public": want.public, **zone}

    def update(self, want: Subnet, seen: Observed[Subnet], refs: Refs) -> NextCall:
        """Return the call that makes it public or private."""
        after = evolve(seen, spec=evolve(seen.spec, public=want.public))
        parameters = {"id": seen.id, "public": want.public}
        return self.call("SetSubnetPublic", want.address, parameters, after, safe=True)
