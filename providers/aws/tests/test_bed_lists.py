"""The bed's lists: filters as documented, pages, and what is not shown yet."""

from typing import Any

import pytest

from bed import Local, hand
from bed.hand import refused


def test_a_filter_that_is_not_documented_is_refused(boto: Any) -> None:
    with refused("InvalidParameterValue"):
        boto.describe_vpcs(Filters=[{"Name": "vpcid", "Values": ["x"]}])
    with refused("InvalidParameterValue"):
        boto.describe_vpcs(Filters=[{"Name": "vpc-id", "Values": []}])


@pytest.mark.parametrize(
    ("action", "name", "value", "count"),
    [
        ("vpcs", "tag:role", "w?b", 1),
        ("vpcs", "tag:role", "w*", 1),
        ("vpcs", "tag:role", "w\\*", 0),
        ("vpcs", "tag:Role", "web", 0),
        ("vpcs", "tag-key", "role", 1),
        ("vpcs", "is-default", "false", 1),
        ("vpcs", "cidr", "10.0.0.0/16", 1),
        ("subnets", "availability-zone", "us-east-1a", 2),
        ("instances", "instance-state-name", "running", 1),
        ("instances", "client-token", "once", 1),
        ("instances", "instance.group-id", "sg-*", 1),
        ("instances", "network-interface.addresses.private-ip-address", "10.0.0.10", 1),
        ("volumes", "attachment.device", "/dev/xvda", 1),
        ("volumes", "status", "in-use", 1),
        ("internet_gateways", "attachment.state", "available", 1),
        ("route_tables", "association.main", "true", 2),
        ("security_groups", "ip-permission.cidr", "10.0.0.0/8", 1),
        ("availability_zones", "zone-id", "use1-az6", 1),
    ],
)
def test_filters_find_what_they_name(boto: Any, action: str, name: str, value: str, count: int) -> None:
    vpc = hand.network(boto)
    boto.create_tags(Resources=[vpc], Tags=[{"Key": "role", "Value": "web"}])
    place, web = hand.subnet(boto, vpc), hand.group(boto, vpc)
    hand.gateway(boto, vpc)
    rule = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[rule])
    hand.host(boto, place, [web], "10.0.0.10", ClientToken="once")
    told = getattr(boto, f"describe_{action}")(Filters=[{"Name": name, "Values": [value, "nothing else"]}])
    lists = [each for key, each in told.items() if isinstance(each, list)]
    assert len(lists[0]) == count


def test_all_filters_must_pass(boto: Any) -> None:
    vpc = hand.network(boto)
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "is-default", "Values": ["true"]}]
    assert boto.describe_vpcs(Filters=filters)["Vpcs"] == []


def test_pages_together_hold_everything_once(boto: Any) -> None:
    made = [hand.volume(boto) for _ in range(12)]
    pages = list(boto.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Volumes"]) for page in pages] == [5, 5, 2]
    assert sorted(each["VolumeId"] for page in pages for each in page["Volumes"]) == sorted(made)
    with refused("InvalidNextToken"):
        boto.describe_volumes(NextToken="x")


def test_pages_may_be_shorter_than_was_asked(ec2: Local, boto: Any) -> None:
    _, place, web, _ = hand.small_world(boto)
    for _ in range(4):
        hand.host(boto, place, [web])
    ec2.bed.configure(page_limit=2)
    pages = list(boto.get_paginator("describe_instances").paginate())
    assert [sum(len(each["Instances"]) for each in page["Reservations"]) for page in pages] == [2, 2, 1]


def test_what_goes_between_two_pages_hides_nothing_else(ec2: Local, boto: Any) -> None:
    made = [hand.volume(boto) for _ in range(6)]
    first = boto.describe_volumes(MaxResults=5)
    gone = first["Volumes"][0]["VolumeId"]
    boto.delete_volume(VolumeId=gone)
    second = boto.describe_volumes(MaxResults=5, NextToken=first["NextToken"])
    assert {each["VolumeId"] for page in (first, second) for each in page["Volumes"]} == set(made)


def test_ids_and_pages_exclude_each_other(boto: Any) -> None:
    *_, host = hand.small_world(boto)
    with refused("InvalidParameterCombination"):
        boto.describe_instances(InstanceIds=[host], MaxResults=5)
    with refused("InvalidParameterValue"):
        boto.describe_volumes(MaxResults=4)


def test_lists_show_late_what_was_made(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(live_clock=False, visibility_seconds=5)
    vpc = hand.network(boto)
    assert vpc not in [each["VpcId"] for each in boto.describe_vpcs()["Vpcs"]]
    with refused("InvalidVpcID.NotFound"):
        boto.describe_vpcs(VpcIds=[vpc])
    ec2.bed.advance(5)
    assert boto.describe_vpcs(VpcIds=[vpc])["Vpcs"]


def test_lists_show_what_was_deleted_for_a_while(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(live_clock=False, lingering_seconds=5)
    volume = hand.volume(boto)
    boto.describe_volumes()
    boto.delete_volume(VolumeId=volume)
    assert [each["VolumeId"] for each in boto.describe_volumes()["Volumes"]] == [volume]
    with refused("InvalidVolume.NotFound"):
        boto.delete_volume(VolumeId=volume)
    ec2.bed.advance(5)
    assert boto.describe_volumes()["Volumes"] == []


def test_what_was_made_can_be_too_young_to_refer_to(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(live_clock=False, reference_seconds=2)
    vpc = hand.network(boto)
    with refused("InvalidVpcID.NotFound"):
        hand.subnet(boto, vpc)
    ec2.bed.advance(2)
    hand.subnet(boto, vpc)


def test_images_are_those_of_the_real_owners(boto: Any) -> None:
    def found(owner: str, name: str) -> list[str]:
        images = boto.describe_images(Owners=[owner], Filters=[{"Name": "name", "Values": [name]}])["Images"]
        return [each["Name"] for each in sorted(images, key=lambda each: str(each["CreationDate"]))]

    assert found("136693071363", "debian-12-amd64-*")[-1] == "debian-12-amd64-20251006-2257"
    image = boto.describe_images(ImageIds=[hand.DEBIAN])["Images"][0]
    assert (image["RootDeviceName"], image["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"]) == ("/dev/xvda", 8)
    noble = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
    assert found("099720109477", noble)[-1].endswith("20251001")


def test_machine_types_come_in_pages_of_a_hundred(boto: Any) -> None:
    told = boto.describe_instance_types()
    assert (len(told["InstanceTypes"]), "NextToken" in told) == (100, True)
    one = boto.describe_instance_types(InstanceTypes=["t3.small"])["InstanceTypes"][0]
    assert (one["VCpuInfo"]["DefaultVCpus"], one["MemoryInfo"]["SizeInMiB"]) == (2, 2048)
    current = [{"Name": "processor-info.supported-architecture", "Values": ["arm64"]}]
    assert boto.describe_instance_types(Filters=current)["InstanceTypes"]
    with refused("InvalidInstanceType"):
        boto.describe_instance_types(InstanceTypes=["t3.tiny"])
