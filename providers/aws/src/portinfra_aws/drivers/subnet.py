"""Subnets. A public one is associated with its network's public route table; any other follows the main one,
which leads nowhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Scope
from portinfra.model.observed import Foreign, Observed, State
from portinfra.model.resources import Subnet
from portinfra.provider.interface import Call, Names, NextCall, Refs
from portinfra_aws import marks
from portinfra_aws.drivers import interfaces, reading
from portinfra_aws.drivers.base import AwsDriver, Owned, Told
from portinfra_aws.drivers.network_parts import TABLE
from portinfra_aws.drivers.reading import Answers, Record
from portinfra_aws.query import where


class SubnetDriver(AwsDriver[Subnet]):
    """A subnet; its CIDR within the network keeps it from being doubled."""

    spec = Subnet
    lists = "DescribeSubnets"
    id_key = "subnetId"
    id_path = "subnet.subnetId"
    id_parameter = "SubnetId"
    creates = "CreateSubnet"
    deletes = "DeleteSubnet"
    resource = "subnet"
    replaces = frozenset({"network", "cidr", "zone"})
    holds = frozenset({"network"})

    def survey(self, scope: Scope, only: Sequence[Observed[Subnet]] = ()) -> tuple[Call, ...]:
        """Subnets, and the route tables that they are associated with."""
        return (*super().survey(scope), reading.list_owned("DescribeRouteTables", scope))

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return all subnets of these networks, and all network interfaces."""
        return (reading.list_all(self.lists, where("vpc-id", *networks)), interfaces.list_within(networks))

    def foreign(self, answers: Answers, names: Names) -> list[Foreign]:
        """Return the subnets of others, and the network interfaces of other services."""
        return [*super().foreign(answers, names), *interfaces.foreign(answers, names)]

    def homes(self, record: Record) -> list[str]:
        """Return its network."""
        return [record["vpcId"]]

    def relate_records(self, answers: Answers) -> Mapping[str, str]:
        """Subnet → its association with a public table."""
        return {
            association["subnetId"]: association["routeTableAssociationId"]
            for table in reading.records(answers, "DescribeRouteTables")
            if _is_public(table)
            for association in reading.items(table, "associationSet")
            if association.get("subnetId")
        }

    def to_observed(self, owned: Owned, told: Told) -> Observed[Subnet]:
        """Its association is a part of it. While it gives every host a public address it is not ready."""
        seen = super().to_observed(owned, told)
        association = told.related.get(owned.record["subnetId"])
        more = {"association": association} if association else {}
        if owned.record.get("mapPublicIpOnLaunch") == "true":
            parts = {**seen.parts, **more, "auto-public": "yes"}
            return evolve(seen, parts=parts, state="pending", reason="it gives every host a public address")
        return evolve(seen, parts={**seen.parts, **more})

    def to_spec(self, owned: Owned, told: Told) -> Subnet:
        """Network, CIDR, zone and its way out."""
        record = owned.record
        return Subnet(
            owned.mark.address.name,
            told.names.address_of(record["vpcId"]),
            record["cidrBlock"],
            record["availabilityZone"],
            record["subnetId"] in told.related,
            owned.mark.tags,
        )

    def state(self, record: Record) -> State:
        """Pending, then available."""
        return "pending" if record.get("state") == "pending" else "ready"

    def parameters(self, want: Subnet, refs: Refs) -> dict[str, Any]:
        """Network, CIDR and zone."""
        return {"VpcId": refs.id(want.network), "CidrBlock": want.cidr, "AvailabilityZone": want.zone}

    def as_made(self, want: Subnet) -> Subnet:
        """Private: its way out is opened afterwards."""
        return evolve(want, public=False)

    def finish(self, want: Subnet, seen: Observed[Subnet], refs: Refs) -> NextCall | None:
        """No host gets a public address without being asked."""
        if "auto-public" not in seen.parts:
            return super().finish(want, seen, refs)
        parts = {name: id for name, id in seen.parts.items() if name != "auto-public"}
        parameters = {"SubnetId": seen.id, "MapPublicIpOnLaunch": {"Value": False}}
        after = evolve(seen, parts=parts, state="ready", reason="")
        return self.call("ModifySubnetAttribute", seen.address, parameters, after, safe=True)

    def update(self, want: Subnet, seen: Observed[Subnet], refs: Refs) -> NextCall:
        """Open or close its way to the internet."""
        spec = evolve(seen.spec, public=want.public)
        if want.public:
            assert want.network is not None
            table = refs.seen[want.network].parts["table"]
            parameters = {"RouteTableId": table, "SubnetId": seen.id}
            fills = {"association": "associationId"}
            return self.call(
                "AssociateRouteTable", want.address, parameters, evolve(seen, spec=spec), fills=fills
            )
        parts = {name: id for name, id in seen.parts.items() if name != "association"}
        parameters = {"AssociationId": seen.parts["association"]}
        after = evolve(seen, spec=spec, parts=parts)
        return self.call("DisassociateRouteTable", want.address, parameters, after, safe=True)


def _is_public(table: Record) -> bool:
    return marks.tags_of(table).get(marks.PREFIX + "part") == TABLE
