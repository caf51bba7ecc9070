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


def test_lists_may_show_any_state_of_a_while_ago(ec2: Local, boto: Any) -> None:
    """Old and new states come in any order, and parts of one network apart; in the end all is shown."""
    ec2.bed.configure(live_clock=False, stale_seconds=10)
    old = hand.network(boto)
    ec2.bed.advance(10)

    def shown(vpc: str) -> tuple[bool, bool, bool]:
        """Whether the network is shown, its default group, and its main route table."""
        here = [{"Name": "vpc-id", "Values": [vpc]}]
        vpcs = [each["VpcId"] for each in boto.describe_vpcs()["Vpcs"]]
        groups = boto.describe_security_groups(Filters=here)["SecurityGroups"]
        tables = boto.describe_route_tables(Filters=here)["RouteTables"]
        return vpc in vpcs, bool(groups), bool(tables)

    def watch(vpc: str) -> list[tuple[bool, bool, bool]]:
        found = []
        for _ in range(40):
            found.append(shown(vpc))
            ec2.bed.advance(0.25)
        return found

    new = hand.network(boto)
    states = watch(new)
    assert (True, False, True) in states, "a network is never shown without its default group"
    assert (False, True, True) in states, "the parts of a network are never shown before it"
    network_shown = [each for each, *_ in states]
    assert sorted(network_shown) != network_shown, "no later read shows an older state"
    assert {shown(new)} == {shown(old)} == {(True, True, True)}
    boto.delete_vpc(VpcId=old)
    states = watch(old)
    assert {each for each, *_ in states} == {True, False}
    assert shown(old) == (False, False, False)


def test_lists_may_show_what_was_changed_as_it_was(ec2: Local, boto: Any) -> None:
    """Also a state that was left and taken again: A, B and A."""
    vpc = hand.network(boto)
    group = hand.group(boto, vpc)
    ec2.bed.configure(live_clock=False, stale_seconds=10)
    rule = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]

    def is_open() -> bool:
        (found,) = boto.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        return bool(found["IpPermissions"])

    def watch() -> set[bool]:
        found = set()
        for _ in range(20):
            found.add(is_open())
            ec2.bed.advance(0.25)
        return found

    boto.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    assert watch() == {True, False}
    boto.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
    assert watch() == {True, False}
    ec2.bed.advance(10)
    assert not is_open()
