"""VPCs, subnets, gateways and routes: what still needs what, and what belongs together."""

import ipaddress
import itertools
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from bed.call import Call, after, before
from bed.errors import EC2Error, dependency
from bed.kinds import KINDS


def interfaces(backend: Any, **where: str) -> list[Any]:
    """The network interfaces in a VPC or subnet, those of instances that shut down included."""
    return [
        eni
        for eni in backend.enis.values()
        if all(getattr(eni, name) == value for name, value in where.items())
    ]


def zones(call: Call) -> dict[str, str]:
    """Zone name → zone id, of the region."""
    return {zone.name: zone.zone_id for zone in call.backend.describe_availability_zones()}


@before("CreateSubnet", "CreateVolume")
def zone_is_of_the_region(call: Call) -> None:
    """moto takes a zone of any region, and loses a subnet that is placed by zone id."""
    names = zones(call)
    asked = call.params.pop("AvailabilityZoneId", None)
    if asked is not None:
        call.params["AvailabilityZone"] = next((name for name, id in names.items() if id == asked), asked)
    name = call.params.setdefault("AvailabilityZone", sorted(names)[0])
    if name not in names:
        if call.action == "CreateVolume":
            raise EC2Error("InvalidZone.NotFound", f"The zone '{name}' does not exist.")
        raise EC2Error(
            "InvalidParameterValue",
            f"Value ({name}) for parameter availabilityZone is invalid. Subnets can currently only be "
            f"created in the following availability zones: {', '.join(sorted(names))}.",
        )


@before("CreateSubnet")
def subnet_is_large_enough(call: Call) -> None:
    """ "The allowed block size is between a /28 netmask and /16 netmask", without host bits here."""
    try:
        size = ipaddress.IPv4Network(call.params.get("CidrBlock", "")).prefixlen
    except ValueError:
        size = 0
    if not 16 <= size <= 28:
        raise EC2Error("InvalidSubnet.Range", f"The CIDR '{call.params.get('CidrBlock')}' is invalid.")


@after("CreateVpc")
def default_group_has_default_rules(call: Call, result: Any) -> None:
    """ "The default rules for a default security group: inbound all traffic from itself; outbound all."

    https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
    """
    group = call.backend.get_default_security_group(result["Vpc"].id)
    itself = {"GroupId": group.id, "UserId": call.account}
    rule = SecurityGroupRule(call.backend, "-1", group.id, None, None, None, itself, is_egress=False)
    group.ingress_rules.append(rule)


@before("ModifyVpcAttribute")
def one_attribute_a_request(call: Call) -> None:
    """ "You can only modify one attribute at a time" (InvalidParameterCombination)."""
    if sum(name.startswith("Enable") for name in call.params) != 1:
        raise EC2Error("InvalidParameterCombination", "Fields for exactly one attribute must be specified")


@before("DeleteVpc")
def vpc_is_empty(call: Call) -> None:
    """ "You must detach or delete all gateways and resources that are associated with the VPC"."""
    id = call.params["VpcId"]
    backend = call.backend
    if (
        any(not group.is_default for group in backend.groups.get(id, {}).values())
        or any(gateway.vpc and gateway.vpc.id == id for gateway in backend.internet_gateways.values())
        or any(subnet.vpc_id == id for subnet in _subnets(backend))
        or interfaces(backend, vpc_id=id)
    ):
        raise dependency("vpc", id)


@before("DeleteSubnet")
def subnet_is_empty(call: Call) -> None:
    """ "You must terminate all running instances in the subnet before you can delete the subnet"."""
    if interfaces(call.backend, subnet_id=call.params["SubnetId"]):
        raise dependency("subnet", call.params["SubnetId"])


@after("DeleteSubnet")
def associations_go_with_the_subnet(call: Call, result: Any) -> None:
    """moto keeps the association, and then refuses to delete the route table."""
    for table in call.backend.route_tables.values():
        gone = [id for id, target in table._associations.items() if target == call.params["SubnetId"]]
        for id in gone:
            del table._associations[id]


@before("AttachInternetGateway")
def one_gateway_a_vpc(call: Call) -> None:
    """A second gateway of a VPC, and a gateway that is attached already, are refused."""
    gateway = KINDS["igw"].find(call.backend, call.params["InternetGatewayId"])
    vpc = call.params["VpcId"]
    if gateway.vpc:
        raise EC2Error(
            "Resource.AlreadyAssociated", f"resource {gateway.id} is already attached to network {vpc}"
        )
    if any(other.vpc and other.vpc.id == vpc for other in call.backend.internet_gateways.values()):
        raise EC2Error("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached")


@before("DetachInternetGateway")
def no_public_addresses_are_left(call: Call) -> None:
    """ "The VPC must not contain any running instances with Elastic IP addresses"."""
    vpc = call.params["VpcId"]
    if any(address.eni and address.eni.vpc_id == vpc for address in call.backend.addresses):
        raise EC2Error(
            "DependencyViolation",
            f"Network {vpc} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway.",
        )


@before("CreateRoute", "ReplaceRoute")
def gateway_is_of_the_vpc(call: Call) -> None:
    """A route to a gateway that is not attached to the route table's VPC is refused."""
    gateway_id = call.params.get("GatewayId", "")
    if not gateway_id.startswith("igw-"):
        return
    table = KINDS["rtb"].find(call.backend, call.params["RouteTableId"])
    gateway = KINDS["igw"].find(call.backend, gateway_id)
    if gateway is None:
        raise EC2Error("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
    if gateway.vpc is None or gateway.vpc.id != table.vpc_id:
        raise EC2Error(
            "InvalidParameterValue",
            f"route table {table.id} and network gateway {gateway_id} belong to different networks",
        )


@before("AssociateRouteTable")
def subnet_has_one_table(call: Call) -> None:
    """moto answers with the association that is there, be it with another table."""
    if "SubnetId" not in call.params:
        return
    table = KINDS["rtb"].find(call.backend, call.params["RouteTableId"])
    subnet = KINDS["subnet"].find(call.backend, call.params["SubnetId"])
    if table.vpc_id != subnet.vpc_id:
        raise EC2Error(
            "InvalidParameterValue",
            f"Route table {table.id} and subnet {subnet.id} belong to different networks",
        )
    for other in call.backend.route_tables.values():
        if other is not table and subnet.id in other._associations.values():
            raise EC2Error(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {table.id} "
                "conflicts with an existing association",
            )


@before("DeleteRouteTable")
def main_table_stays(call: Call) -> None:
    """ "You can't delete the main route table"."""
    table = KINDS["rtb"].find(call.backend, call.params["RouteTableId"])
    if table.main_association_id or table._associations:
        raise dependency("routeTable", table.id)


@before("DeleteRoute")
def local_route_stays(call: Call) -> None:
    """The local route cannot be deleted."""
    table = KINDS["rtb"].find(call.backend, call.params["RouteTableId"])
    vpc = KINDS["vpc"].find(call.backend, table.vpc_id)
    if call.params.get("DestinationCidrBlock") == vpc.cidr_block:
        raise EC2Error(
            "InvalidParameterValue", f"cannot remove local route {vpc.cidr_block} in route table {table.id}"
        )


def _subnets(backend: Any) -> list[Any]:
    return list(itertools.chain.from_iterable(zone.values() for zone in backend.subnets.values()))
