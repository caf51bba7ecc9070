"""The bed's VPCs, subnets, gateways and routes refuse what EC2 refuses."""

from typing import Any

from bed import hand
from bed.hand import refused

NOWHERE = "0123456789abcdef0"


def route_table(boto: Any, vpc: str) -> str:
    id: str = boto.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return id


def test_a_vpc_with_anything_in_it_stays(boto: Any) -> None:
    vpc = hand.network(boto)
    web = hand.group(boto, vpc)
    with refused("DependencyViolation"):
        boto.delete_vpc(VpcId=vpc)
    boto.delete_security_group(GroupId=web)
    place = hand.subnet(boto, vpc)
    with refused("DependencyViolation"):
        boto.delete_vpc(VpcId=vpc)
    boto.delete_subnet(SubnetId=place)
    gateway = hand.gateway(boto, vpc)
    with refused("DependencyViolation"):
        boto.delete_vpc(VpcId=vpc)
    boto.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = route_table(boto, vpc)
    with refused("DependencyViolation"):
        boto.delete_vpc(VpcId=vpc)
    boto.delete_route_table(RouteTableId=table)
    boto.delete_vpc(VpcId=vpc)


def test_a_subnet_with_a_host_stays_until_the_host_is_terminated(ec2: Any, boto: Any) -> None:
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    _, place, _, host = hand.small_world(boto)
    boto.terminate_instances(InstanceIds=[host])
    with refused("DependencyViolation"):
        boto.delete_subnet(SubnetId=place)
    ec2.bed.advance(31)
    boto.delete_subnet(SubnetId=place)


def test_subnets_do_not_overlap_and_lie_in_a_zone_of_their_region(boto: Any) -> None:
    vpc = hand.network(boto)
    hand.subnet(boto, vpc)
    with refused("InvalidSubnet.Conflict"):
        hand.subnet(boto, vpc)
    for cidr in ("10.9.0.0/24", "10.0.1.0/29", "10.0.1.1/24"):
        with refused("InvalidSubnet.Range"):
            hand.subnet(boto, vpc, cidr)
    with refused("InvalidParameterValue"):
        hand.subnet(boto, vpc, "10.0.1.0/24", zone="eu-west-1a")


def test_a_subnet_can_be_placed_by_zone_id_and_is_never_public_by_itself(boto: Any) -> None:
    zone = boto.describe_availability_zones()["AvailabilityZones"][2]
    made = boto.create_subnet(
        VpcId=hand.network(boto), CidrBlock="10.0.0.0/24", AvailabilityZoneId=zone["ZoneId"]
    )["Subnet"]
    assert (made["AvailabilityZone"], made["MapPublicIpOnLaunch"]) == (zone["ZoneName"], False)
    assert boto.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"][0]["DefaultForAz"] is False


def test_a_vpc_has_one_gateway_and_a_gateway_one_vpc(boto: Any) -> None:
    one, other = hand.network(boto), hand.network(boto)
    gateway = hand.gateway(boto, one)
    with refused("Resource.AlreadyAssociated"):
        boto.attach_internet_gateway(InternetGatewayId=gateway, VpcId=other)
    with refused("InvalidParameterValue"):
        hand.gateway(boto, one)
    with refused("DependencyViolation"):
        boto.delete_internet_gateway(InternetGatewayId=gateway)


def test_a_gateway_stays_while_public_addresses_need_it(boto: Any) -> None:
    vpc, _, _, host = hand.small_world(boto)
    address = boto.allocate_address()["AllocationId"]
    with refused("Gateway.NotAttached"):
        boto.associate_address(AllocationId=address, InstanceId=host)
    gateway = hand.gateway(boto, vpc)
    association = boto.associate_address(AllocationId=address, InstanceId=host)["AssociationId"]
    with refused("DependencyViolation"):
        boto.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    boto.disassociate_address(AssociationId=association)
    boto.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def test_a_route_leads_to_a_gateway_of_its_own_vpc_and_is_there_once(boto: Any) -> None:
    vpc, other = hand.network(boto), hand.network(boto)
    table, gateway, elsewhere = route_table(boto, vpc), hand.gateway(boto, vpc), hand.gateway(boto, other)
    default = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    with refused("InvalidParameterValue"):
        boto.create_route(**default, GatewayId=elsewhere)
    with refused("InvalidGatewayID.NotFound"):
        boto.create_route(**default, GatewayId=f"igw-{NOWHERE}")
    boto.create_route(**default, GatewayId=gateway)
    with refused("RouteAlreadyExists"):
        boto.create_route(**default, GatewayId=gateway)
    with refused("InvalidParameterValue"):
        boto.delete_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")


def test_a_subnet_has_one_route_table_which_stays_while_it_is_used(boto: Any) -> None:
    vpc = hand.network(boto)
    place, table, other = hand.subnet(boto, vpc), route_table(boto, vpc), route_table(boto, vpc)
    boto.associate_route_table(RouteTableId=table, SubnetId=place)
    with refused("Resource.AlreadyAssociated"):
        boto.associate_route_table(RouteTableId=other, SubnetId=place)
    with refused("DependencyViolation"):
        boto.delete_route_table(RouteTableId=table)
    boto.delete_subnet(SubnetId=place)
    boto.delete_route_table(RouteTableId=table)


def test_the_main_route_table_stays(boto: Any) -> None:
    filters = [{"Name": "vpc-id", "Values": [hand.network(boto)]}]
    main = boto.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
    with refused("DependencyViolation"):
        boto.delete_route_table(RouteTableId=main)


def test_dns_attributes_change_one_at_a_time(boto: Any) -> None:
    vpc = hand.network(boto)
    with refused("InvalidParameterCombination"):
        boto.modify_vpc_attribute(
            VpcId=vpc, EnableDnsSupport={"Value": True}, EnableDnsHostnames={"Value": True}
        )
    boto.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    told = boto.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert told["EnableDnsHostnames"] == {"Value": True}


def test_ids_that_are_unknown_malformed_or_of_another_kind_have_codes_of_their_own(boto: Any) -> None:
    with refused("InvalidVpcID.NotFound"):
        boto.delete_vpc(VpcId=f"vpc-{NOWHERE}")
    with refused("InvalidVpcID.Malformed"):
        boto.delete_vpc(VpcId="vpc-x")
    with refused("InvalidSubnetID.Malformed"):
        boto.delete_subnet(SubnetId=f"vpc-{NOWHERE}")
    with refused("InvalidSubnetID.NotFound"):
        boto.create_tags(Resources=[f"subnet-{NOWHERE}"], Tags=[{"Key": "a", "Value": "b"}])
    with refused("InvalidSubnetID.NotFound"):
        boto.describe_subnets(SubnetIds=[f"subnet-{NOWHERE}"])
