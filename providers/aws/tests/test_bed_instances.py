"""The bed's instances: what EC2 checks at a launch, and the states that they pass through."""

import base64
from typing import Any

import pytest

from bed import Local, hand
from bed.hand import refused


@pytest.fixture
def place(boto: Any) -> str:
    return hand.subnet(boto, hand.network(boto))


@pytest.fixture
def web(boto: Any, place: str) -> str:
    vpc = boto.describe_subnets(SubnetIds=[place])["Subnets"][0]["VpcId"]
    return hand.group(boto, vpc)


@pytest.fixture
def slow(ec2: Local) -> Local:
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    return ec2


def shown(boto: Any, id: str) -> dict[str, Any]:
    found: dict[str, Any] = boto.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
    return found


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"InstanceType": "t3.nano"}, ""),
        ({"InstanceType": "m1.xlarge", "ImageId": "ami-0a1b2c3d4e5f60013"}, "InvalidParameterValue"),
        ({"MinCount": 2, "MaxCount": 1}, "InvalidParameterValue"),
        ({"KeyName": "nobody"}, "InvalidKeyPair.NotFound"),
        ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidParameterCombination"),
        ({"UserData": "x" * (16 * 1024 + 1)}, "InvalidParameterValue"),
        ({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 2}}]},
         "InvalidBlockDeviceMapping"),
    ],
)  # fmt: skip
def test_a_launch_is_checked(boto: Any, place: str, web: str, more: dict[str, Any], code: str) -> None:
    if not code:
        hand.host(boto, place, [web], **more)
        return
    if "SubnetId" in more:
        more = {"SubnetId": place}
    with refused(code):
        hand.host(boto, place, [web], **more)


def test_a_machine_type_is_offered_in_some_zones_only(boto: Any) -> None:
    vpc = hand.network(boto)
    place, web = hand.subnet(boto, vpc, zone="us-east-1e"), hand.group(boto, vpc)
    offered = boto.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["t3.small"]}]
    )["InstanceTypeOfferings"]
    assert "us-east-1e" not in {each["Location"] for each in offered}
    with refused("Unsupported"):
        hand.host(boto, place, [web])


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.0.0.3", "InvalidParameterValue"),
        ("10.0.0.255", "InvalidParameterValue"),
        ("10.0.9.9", "InvalidParameterValue"),
    ],
)
def test_some_addresses_of_a_subnet_are_reserved(
    boto: Any, place: str, web: str, address: str, code: str
) -> None:
    with refused(code):
        hand.host(boto, place, [web], address)


def test_an_address_is_free_once_its_host_is_terminated(slow: Local, boto: Any, place: str, web: str) -> None:
    host = hand.host(boto, place, [web], "10.0.0.10")
    with refused("InvalidIPAddress.InUse"):
        hand.host(boto, place, [web], "10.0.0.10")
    boto.terminate_instances(InstanceIds=[host])
    with refused("InvalidIPAddress.InUse"):
        hand.host(boto, place, [web], "10.0.0.10")
    slow.bed.advance(31)
    hand.host(boto, place, [web], "10.0.0.10")


def test_groups_of_another_network_are_refused(boto: Any, place: str) -> None:
    stranger = hand.group(boto, hand.network(boto))
    with refused("InvalidParameter"):
        hand.host(boto, place, [stranger])


def test_an_unknown_group_is_not_invented(boto: Any, place: str) -> None:
    with refused("InvalidGroup.NotFound"):
        hand.host(boto, place, ["sg-0123456789abcdef0"])


def test_a_host_is_pending_and_then_runs_stops_and_starts(
    slow: Local, boto: Any, place: str, web: str
) -> None:
    host = hand.host(boto, place, [web])
    assert hand.state(boto, host) == "pending"
    with refused("IncorrectInstanceState"):
        boto.stop_instances(InstanceIds=[host])
    slow.bed.advance(31)
    assert hand.state(boto, host) == "running"
    launched = shown(boto, host)["LaunchTime"]
    boto.stop_instances(InstanceIds=[host])
    assert hand.state(boto, host) == "stopping"
    with refused("IncorrectInstanceState"):
        boto.modify_instance_attribute(InstanceId=host, InstanceType={"Value": "t3.large"})
    slow.bed.advance(31)
    assert hand.state(boto, host) == "stopped"
    boto.modify_instance_attribute(InstanceId=host, InstanceType={"Value": "t3.large"})
    boto.start_instances(InstanceIds=[host])
    assert hand.state(boto, host) == "pending"
    slow.bed.advance(31)
    assert (hand.state(boto, host), shown(boto, host)["InstanceType"]) == ("running", "t3.large")
    assert shown(boto, host)["LaunchTime"] != launched, "of the last start"


def test_a_terminated_host_lingers_without_network_or_disks_and_is_then_forgotten(
    slow: Local, boto: Any, place: str, web: str
) -> None:
    host = hand.host(boto, place, [web], "10.0.0.10")
    boto.terminate_instances(InstanceIds=[host])
    assert hand.state(boto, host) == "shutting-down"
    slow.bed.advance(31)
    boto.terminate_instances(InstanceIds=[host])
    left = shown(boto, host)
    assert left["State"]["Name"] == "terminated"
    assert not {"SubnetId", "PrivateIpAddress", "NetworkInterfaces"} & set(left)
    assert boto.describe_volumes()["Volumes"] == []
    assert boto.describe_network_interfaces()["NetworkInterfaces"] == []
    slow.bed.advance(3601)
    with refused("InvalidInstanceID.NotFound"):
        boto.describe_instances(InstanceIds=[host])


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("key", {"Code": "Client.InternalError", "Message": "Client error on launch"}),
        ("volumes", {"Code": "Client.VolumeLimitExceeded", "Message": "Volume limit exceeded"}),
        ("trouble", {"Code": "Server.InternalError", "Message": "Server.InternalError"}),
    ],
)
def test_a_launch_can_be_accepted_and_die(
    slow: Local, boto: Any, place: str, web: str, cause: str, reason: dict[str, str]
) -> None:
    slow.bed.fail_next_instance("123456789012", "us-east-1", cause)
    host = hand.host(boto, place, [web], "10.0.0.10")
    assert hand.state(boto, host) == "pending"
    slow.bed.advance(31)
    left = shown(boto, host)
    assert left["State"]["Name"] == "terminated"
    assert (left["StateReason"], left["StateTransitionReason"]) == (reason, "Server.InternalError")
    hand.host(boto, place, [web], "10.0.0.10")


def test_a_protected_host_is_not_terminated_nor_stopped(boto: Any, place: str, web: str) -> None:
    host = hand.host(boto, place, [web])
    boto.modify_instance_attribute(InstanceId=host, DisableApiTermination={"Value": True})
    with refused("OperationNotPermitted") as said:
        boto.terminate_instances(InstanceIds=[host])
    assert "Modify its 'disableApiTermination' instance attribute" in said[0]
    boto.modify_instance_attribute(InstanceId=host, DisableApiStop={"Value": True})
    with refused("OperationNotPermitted") as said:
        boto.stop_instances(InstanceIds=[host])
    assert "Modify its 'disableApiStop' instance attribute" in said[0]


def test_what_is_made_with_a_host_bears_the_tags_that_it_was_given(boto: Any, place: str, web: str) -> None:
    kinds = ("instance", "volume", "network-interface")
    tags = [{"ResourceType": kind, "Tags": [{"Key": "kind", "Value": kind}]} for kind in kinds]
    host = hand.host(
        boto,
        place,
        [web],
        "10.0.0.10",
        TagSpecifications=tags,
        UserData="#!/bin/sh",
        MetadataOptions={"HttpTokens": "required"},
        BlockDeviceMappings=[
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "VolumeSize": 20,
                    "VolumeType": "gp3",
                    "Encrypted": True,
                    "KmsKeyId": "alias/payments",
                },
            }
        ],
    )
    told = shown(boto, host)
    assert told["Tags"] == [{"Key": "kind", "Value": "instance"}]
    assert told["MetadataOptions"]["HttpTokens"] == "required"
    interface = boto.describe_network_interfaces()["NetworkInterfaces"][0]
    assert interface["TagSet"] == [{"Key": "kind", "Value": "network-interface"}]
    root = boto.describe_volumes()["Volumes"][0]
    assert root["Tags"] == [{"Key": "kind", "Value": "volume"}]
    assert (root["Size"], root["Iops"], root["Throughput"], root["Encrypted"]) == (20, 3000, 125, True)
    assert root["KmsKeyId"].startswith("arn:aws:kms:us-east-1:123456789012:key/")
    assert root["Attachments"][0]["DeleteOnTermination"] is True
    user_data = boto.describe_instance_attribute(InstanceId=host, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(user_data) == b"#!/bin/sh"


def test_a_protected_host_keeps_those_of_its_zone_and_one_unknown_id_keeps_all(boto: Any) -> None:
    """By the example of the API reference of TerminateInstances."""
    vpc = hand.network(boto)
    web = hand.group(boto, vpc)
    first = hand.subnet(boto, vpc, zone="us-east-1a", cidr="10.0.1.0/24")
    second = hand.subnet(boto, vpc, zone="us-east-1b", cidr="10.0.2.0/24")
    a, b, c, d = (hand.host(boto, place, [web]) for place in (first, first, second, second))
    boto.modify_instance_attribute(InstanceId=c, DisableApiTermination={"Value": True})
    with refused("InvalidInstanceID.NotFound"):
        boto.terminate_instances(InstanceIds=[a, b, c, d, "i-0123456789abcdef0"])
    assert {shown(boto, each)["State"]["Name"] for each in (a, b, c, d)} == {"running"}
    with refused("OperationNotPermitted"):
        boto.terminate_instances(InstanceIds=[a, b, c, d])
    assert {shown(boto, each)["State"]["Name"] for each in (a, b)} == {"terminated"}
    assert {shown(boto, each)["State"]["Name"] for each in (c, d)} == {"running"}


@pytest.mark.parametrize("verb", ["stop_instances", "start_instances"])
def test_one_host_in_another_state_refuses_the_whole_request(
    slow: Local, boto: Any, place: str, web: str, verb: str
) -> None:
    good, bad = hand.host(boto, place, [web]), hand.host(boto, place, [web])
    slow.bed.advance(30)
    if verb == "start_instances":
        boto.stop_instances(InstanceIds=[good])
        slow.bed.advance(30)
    boto.terminate_instances(InstanceIds=[bad])
    before = shown(boto, good)["State"]["Name"]
    with refused("IncorrectInstanceState"):
        getattr(boto, verb)(InstanceIds=[good, bad])
    assert shown(boto, good)["State"]["Name"] == before


@pytest.mark.parametrize("verb", ["create_tags", "delete_tags"])
def test_one_unknown_resource_refuses_the_tags_of_all(boto: Any, place: str, web: str, verb: str) -> None:
    host = hand.host(boto, place, [web])
    boto.create_tags(Resources=[host], Tags=[{"Key": "team", "Value": "a"}])
    with refused("InvalidInstanceID.NotFound"):
        getattr(boto, verb)(Resources=[host, "i-0123456789abcdef0"], Tags=[{"Key": "team", "Value": "b"}])
    assert [tag["Value"] for tag in shown(boto, host)["Tags"] if tag["Key"] == "team"] == ["a"]
