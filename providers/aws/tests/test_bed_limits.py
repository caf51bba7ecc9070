"""What the bed does once only, or not any more: client tokens, rates, quotas, capacity, permissions, tags."""

from typing import Any

import pytest

from bed import Local, hand
from bed.hand import refused


def vpcs(boto: Any) -> int:
    return len(boto.describe_vpcs()["Vpcs"])


def test_the_same_token_makes_one_host(boto: Any) -> None:
    _, place, web, _ = hand.small_world(boto)
    once = hand.host(boto, place, [web], "10.0.0.20", ClientToken="t")
    assert hand.host(boto, place, [web], "10.0.0.20", ClientToken="t") == once
    with refused("IdempotentParameterMismatch"):
        hand.host(boto, place, [web], "10.0.0.21", ClientToken="t")
    boto.terminate_instances(InstanceIds=[once])
    with refused("IdempotentInstanceTerminated"):
        hand.host(boto, place, [web], "10.0.0.20", ClientToken="t")
    assert hand.host(boto, place, [web], "10.0.0.20", ClientToken="t2") != once


def test_a_refused_request_leaves_its_token_free(boto: Any) -> None:
    _, place, web, _ = hand.small_world(boto)
    with refused("InvalidIPAddress.InUse"):
        hand.host(boto, place, [web], "10.0.0.10", ClientToken="t")
    hand.host(boto, place, [web], "10.0.0.11", ClientToken="t")


def test_the_same_token_makes_one_volume_and_dies_with_it(boto: Any) -> None:
    once = hand.volume(boto, ClientToken="t")
    assert hand.volume(boto, ClientToken="t") == once
    assert len(boto.describe_volumes()["Volumes"]) == 1
    with refused("IdempotentParameterMismatch"):
        hand.volume(boto, 11, ClientToken="t")
    boto.delete_volume(VolumeId=once)
    with refused("IdempotentParameterMismatch") as said:
        hand.volume(boto, ClientToken="t")
    assert "already deleted" in said[0]


def test_the_same_token_makes_one_route_table(boto: Any) -> None:
    vpc = hand.network(boto)
    ids = {
        boto.create_route_table(VpcId=vpc, ClientToken="t")["RouteTable"]["RouteTableId"] for _ in range(2)
    }
    assert len(ids) == 1


def test_launches_come_at_two_a_second_after_the_first_five(ec2: Local, boto: Any) -> None:
    _, place, web, _ = hand.small_world(boto)
    ec2.bed.configure(live_clock=False, throttling=True)
    for _ in range(5):
        hand.host(boto, place, [web])
    with refused("RequestLimitExceeded"):
        hand.host(boto, place, [web])
    ec2.bed.advance(0.5)
    hand.host(boto, place, [web])
    with refused("RequestLimitExceeded"):
        hand.host(boto, place, [web])
    boto.describe_instances(MaxResults=5)


def test_each_action_has_a_bucket_of_its_own(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(live_clock=False, throttling=True)
    vpc = hand.network(boto)
    for number in range(50):
        hand.group(boto, vpc, f"role-{number}")
    with refused("RequestLimitExceeded"):
        hand.group(boto, vpc, "one more")
    hand.subnet(boto, vpc)


def test_some_lists_have_a_smaller_bucket_when_neither_filtered_nor_paged(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(live_clock=False, throttling=True)
    for _ in range(50):
        boto.describe_volumes()
    with refused("RequestLimitExceeded"):
        boto.describe_volumes()
    for _ in range(100):
        boto.describe_volumes(MaxResults=5)
        boto.describe_vpcs()
    for describe in (boto.describe_volumes, boto.describe_vpcs):
        with refused("RequestLimitExceeded"):
            describe(MaxResults=5)


@pytest.mark.parametrize(
    ("kind", "limit", "code"),
    [
        ("vpc", 2, "VpcLimitExceeded"),
        ("address", 1, "AddressLimitExceeded"),
        ("vcpu", 3, "VcpuLimitExceeded"),
    ],
)
def test_quotas_are_kept(ec2: Local, boto: Any, kind: str, limit: int, code: str) -> None:
    _, place, web, _ = hand.small_world(boto)
    boto.allocate_address()
    ec2.bed.configure(quotas={kind: limit})
    with refused(code):
        if kind == "vpc":
            hand.network(boto)
        elif kind == "address":
            boto.allocate_address()
        else:
            hand.host(boto, place, [web])


def test_a_zone_can_be_out_of_machines(ec2: Local, boto: Any) -> None:
    _, place, web, host = hand.small_world(boto)
    ec2.bed.configure(capacity={"us-east-1a t3.small": 1})
    with refused("InsufficientInstanceCapacity"):
        hand.host(boto, place, [web])
    hand.host(boto, place, [web], InstanceType="t3.large")
    boto.terminate_instances(InstanceIds=[host])
    hand.host(boto, place, [web])


def test_an_action_that_is_not_allowed_is_refused_by_name_and_tagging_is_one(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(allowed=["ec2:CreateVpc", "ec2:DescribeVpcs"])
    hand.network(boto)
    with refused("UnauthorizedOperation") as said:
        boto.create_internet_gateway()
    assert "ec2:CreateInternetGateway" in said[0]
    with refused("UnauthorizedOperation") as said:
        tags = [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]
        boto.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)
    assert "ec2:CreateTags" in said[0]
    assert vpcs(boto) == 2


@pytest.mark.parametrize(
    ("kind", "tags", "code"),
    [
        ("subnet", [{"Key": "a", "Value": "b"}], "InvalidParameterValue"),
        ("vpc", [], "InvalidParameterValue"),
        ("vpc", [{"Key": "aws:a", "Value": "b"}], "InvalidParameterValue"),
        ("vpc", [{"Key": "k" * 129, "Value": "b"}], "InvalidParameterValue"),
        ("vpc", [{"Key": "a", "Value": "v" * 257}], "InvalidParameterValue"),
        ("vpc", [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], "InvalidParameterValue"),
        ("vpc", [{"Key": f"k{number}", "Value": ""} for number in range(51)], "TagLimitExceeded"),
    ],
)
def test_tags_are_checked_before_anything_is_made(
    boto: Any, kind: str, tags: list[dict[str, str]], code: str
) -> None:
    with refused(code):
        boto.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": kind, "Tags": tags}])
    assert vpcs(boto) == 1


def test_a_resource_has_fifty_tags_however_they_come(boto: Any) -> None:
    vpc = hand.network(boto)
    boto.create_tags(Resources=[vpc], Tags=[{"Key": f"k{number}", "Value": "1"} for number in range(50)])
    boto.create_tags(Resources=[vpc], Tags=[{"Key": "k0", "Value": "2"}])
    with refused("TagLimitExceeded"):
        boto.create_tags(Resources=[vpc], Tags=[{"Key": "one more", "Value": "1"}])
