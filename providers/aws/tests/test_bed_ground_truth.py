"""The bed's books hold everything that exists and nothing else, by moto's word, without ids."""

import re
from typing import Any

from bed import Local, hand

ID = re.compile(r"\b(vpc|subnet|sg|i|vol|igw|rtb|eipalloc|snap|eni|key)-[0-9a-f]{17}\b")


def test_each_thing_is_a_line_and_a_deleted_world_is_empty(ec2: Local, boto: Any) -> None:
    vpc, place, web, host = hand.small_world(boto)
    boto.create_tags(Resources=[host], Tags=[{"Key": "Name", "Value": "web1"}, {"Key": "try", "Value": "7"}])
    gateway = hand.gateway(boto, vpc)
    table = boto.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    boto.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = boto.associate_route_table(RouteTableId=table, SubnetId=place)["AssociationId"]
    volume = hand.volume(boto)
    boto.attach_volume(VolumeId=volume, InstanceId=host, Device="/dev/sdf")
    snapshot = boto.create_snapshot(VolumeId=volume)["SnapshotId"]
    address = boto.allocate_address()["AllocationId"]
    placed = boto.associate_address(AllocationId=address, InstanceId=host)["AssociationId"]
    boto.create_key_pair(KeyName="claim-1", KeyType="ed25519")

    lines = ec2.bed.ground_truth(without=["try"])
    assert [line.split(" ")[0] for line in lines] == [
        "address", "attachment", "attachment", "gateway", "group", "group", "instance", "key", "route",
        "snapshot", "subnet", "volume", "volume", "vpc",
    ]  # fmt: skip
    assert not any(ID.search(line) for line in lines)
    assert "address on web1 {} @123456789012/us-east-1" in lines
    assert any(line.startswith("instance running t3.small us-east-1a 10.0.0.10") for line in lines)
    assert any("{Name=web1}" in line for line in lines)
    assert ec2.bed.ground_truth("210987654321") == []

    boto.disassociate_address(AssociationId=placed)
    boto.release_address(AllocationId=address)
    boto.delete_key_pair(KeyName="claim-1")
    boto.delete_snapshot(SnapshotId=snapshot)
    boto.detach_volume(VolumeId=volume)
    boto.terminate_instances(InstanceIds=[host])
    boto.delete_volume(VolumeId=volume)
    boto.disassociate_route_table(AssociationId=association)
    boto.delete_route_table(RouteTableId=table)
    boto.delete_subnet(SubnetId=place)
    boto.delete_security_group(GroupId=web)
    boto.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    boto.delete_internet_gateway(InternetGatewayId=gateway)
    boto.delete_vpc(VpcId=vpc)
    assert ec2.bed.ground_truth() == []


def test_what_is_on_its_way_out_is_left_aside(ec2: Local, boto: Any) -> None:
    *_, host = hand.small_world(boto)
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    boto.terminate_instances(InstanceIds=[host])
    assert {line.split(" ")[0] for line in ec2.bed.ground_truth()} == {"vpc", "subnet", "group"}
