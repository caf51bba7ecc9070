"""Subnets. A public subnet is associated with the public route table of its network.

Any other subnet uses the main route table, which has no routes.
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
from portinfra_aws.drivers.base import AwsDriver, Observation, Owned
from portinfra_aws.drivers.network_parts import TABLE
from portinfra_aws.drivers.reading import Answers, Record
from portinfra_aws.query import where


class SubnetDriver(AwsDriver[Subnet]):
    """A subnet. Its CIDR is unique in the network, so it cannot be doubled."""

    spec = Subnet
    lists = "DescribeSubnets"
    id_key = "subnetId"
    id_path = "subnet.subnetId"
    id_parameter = "SubnetId"
    creates = "CreateSubnet"
    deletes = "DeleteSubnet"
    resource = "subnet"
    replaces: frozenset[str] = frozenset({"network", "cidr", "zone"})
    holds: frozenset[str] = frozenset({"network"})

    def survey(self, scope: Scope, only: Sequence[Observed[Subnet]] = ()) -> tuple[Call, ...]:
        """Return the lists of subnets and of the route tables with which they are associated."""
        return (*super().survey(scope), reading.list_owned("DescribeRouteTables", scope))

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return the lists of all subnets and all network interfaces of these networks."""
        return (reading.list_all(self.lists, where("vpc-id", *networks)), interfaces.list_within(networks))

    def foreign(self, answers: Answers, names: Names) -> list[Foreign]:
        """Return the foreign subnets, and the network interfaces of other services."""
        return [*super().foreign(answers, names), *interfaces.foreign(answers, names)]

    def homes(self, record: Record) -> list[str]:
        """Return its network."""
        return [record["vpcId"]]

    def relate_records(self, answers: Answers) -> Mapping[str, str]:
        """Return subnet → its association with a public route table."""
        return {
            association["subnetId"]: association["routeTableAssociationId"]
            for table in reading.records(answers, "DescribeRouteTables")
            if _is_public(table)
            for association in reading.items(table, "associationSet")
            if association.get("subnetId")
        }

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Subnet]:
        """Return the subnet with its association.

        It is pending while it gives every host a public address.
        """
        seen = super().to_observed(owned, observation)
        association = observation.related.get(owned.record["subnetId"])
        more = {"association": association} if association else {}
        if owned.record.get("mapPublicIpOnLaunch") == "true":
            parts = {**seen.parts, **more, "auto-public": "yes"}
            return evolve(seen, parts=parts, state="pending", reason="it gives every host a public address")
        return evolve(seen, parts={**seen.parts, **more})

    def to_spec(self, owned: Owned, observation: Observation) -> Subnet:
        """Return the subnet of a record: network, CIDR, zone, and whether it is public."""
        record = owned.record
        return Subnet(
            owned.mark.address.name,
            observation.names.address_of(record["vpcId"]),
            record["cidrBlock"],
            record["availabilityZone"],
            record["subnetId"] in observation.related,
            owned.mark.tags,
        )

    def state(self, record: Record) -> State:
        """Return pending, then ready."""
        return "pending" if record.get("state") == "pending" else "ready"

    def parameters(self, want: Subnet, refs: Refs) -> dict[str, Any]:
        """Return network, CIDR and zone."""
        return {"VpcId": refs.id(want.network), "CidrBlock": want.cidr, "AvailabilityZone": want.zone}

    def created_spec(self, want: Subnet) -> Subnet:
        """Return the subnet as private. portinfra adds the route to the internet afterwards."""
        return evolve(want, public=False)

    def finish(self, want: Subnet, seen: Observed[Subnet], refs: Refs) -> NextCall | None:
        """Return the call that stops automatic public addresses."""
        if "auto-public" not in seen.parts:
            return super().finish(want, seen, refs)
        parts = {name: id for name, id in seen.parts.items() if name != "auto-public"}
        parameters = {"SubnetId": seen.id, "MapPublicIpOnLaunch": {"Value": False}}
        after = evolve(seen, parts=parts, state="ready", reason="")
        return self.call("ModifySubnetAttribute", seen.address, parameters, after, safe=True)

    def update(self, want: Subnet, seen: Observed[Subnet], refs: Refs) -> NextCall:
        """Return the call that adds or removes its route to the internet."""
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
