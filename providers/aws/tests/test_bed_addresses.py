"""The bed's elastic addresses and key pairs behave as EC2's."""

from typing import Any

import pytest

from bed import Local, hand
from bed.hand import refused

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Oq5Cxt4EvQNFuBOTy1Mpc1jEANwE9PVFZ5ZPdkDBH"


@pytest.fixture
def hosts(boto: Any) -> list[str]:
    vpc, place, web, host = hand.small_world(boto)
    hand.gateway(boto, vpc)
    return [host, hand.host(boto, place, [web])]


def address(boto: Any) -> str:
    id: str = boto.allocate_address()["AllocationId"]
    return id


def host_of(boto: Any, id: str) -> str | None:
    found = boto.describe_addresses(AllocationIds=[id])["Addresses"][0]
    return found.get("InstanceId") or None


def test_an_address_moves_from_host_to_host_unless_that_is_forbidden(boto: Any, hosts: list[str]) -> None:
    one = address(boto)
    boto.associate_address(AllocationId=one, InstanceId=hosts[0])
    with refused("Resource.AlreadyAssociated"):
        boto.associate_address(AllocationId=one, InstanceId=hosts[1], AllowReassociation=False)
    boto.associate_address(AllocationId=one, InstanceId=hosts[1])
    assert host_of(boto, one) == hosts[1]
    left, found = (
        boto.describe_instances(InstanceIds=[host])["Reservations"][0]["Instances"][0] for host in hosts
    )
    assert "PublicIpAddress" not in left
    assert found["PublicIpAddress"] == boto.describe_addresses()["Addresses"][0]["PublicIp"]


def test_a_host_has_one_address_and_the_second_puts_the_first_off(boto: Any, hosts: list[str]) -> None:
    one, two = address(boto), address(boto)
    boto.associate_address(AllocationId=one, InstanceId=hosts[0])
    boto.associate_address(AllocationId=two, InstanceId=hosts[0])
    assert (host_of(boto, one), host_of(boto, two)) == (None, hosts[0])


def test_an_address_is_released_only_when_it_is_free(boto: Any, hosts: list[str]) -> None:
    one = address(boto)
    association = boto.associate_address(AllocationId=one, InstanceId=hosts[0])["AssociationId"]
    with refused("InvalidIPAddress.InUse"):
        boto.release_address(AllocationId=one)
    boto.disassociate_address(AssociationId=association)
    with refused("InvalidAssociationID.NotFound"):
        boto.disassociate_address(AssociationId=association)
    boto.release_address(AllocationId=one)
    with refused("InvalidAllocationID.NotFound"):
        boto.release_address(AllocationId=one)


def test_a_pending_host_takes_no_address_and_a_terminated_one_gives_it_back(
    ec2: Local, boto: Any, hosts: list[str]
) -> None:
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    place = boto.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.0.0.0/24"]}])["Subnets"][0]
    groups = boto.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web"]}])
    host = hand.host(boto, place["SubnetId"], [groups["SecurityGroups"][0]["GroupId"]])
    one = address(boto)
    with refused("InvalidInstanceID"):
        boto.associate_address(AllocationId=one, InstanceId=host)
    ec2.bed.advance(31)
    boto.associate_address(AllocationId=one, InstanceId=host)
    boto.terminate_instances(InstanceIds=[host])
    assert host_of(boto, one) == host
    ec2.bed.advance(31)
    assert host_of(boto, one) is None


def test_public_addresses_differ(boto: Any) -> None:
    assert len({boto.allocate_address()["PublicIp"] for _ in range(20)}) == 20


def test_the_quota_of_addresses_is_told(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(quotas={"address": 7})
    told = boto.describe_account_attributes()["AccountAttributes"]
    values = {each["AttributeName"]: each["AttributeValues"] for each in told}
    assert values["vpc-max-elastic-ips"] == [{"AttributeValue": "7"}]


def test_a_key_pair_is_unique_by_name_and_gone_without_complaint(boto: Any) -> None:
    tags = [{"ResourceType": "key-pair", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = boto.import_key_pair(KeyName="claim-1", PublicKeyMaterial=KEY, TagSpecifications=tags)
    with refused("InvalidKeyPair.Duplicate"):
        boto.import_key_pair(KeyName="claim-1", PublicKeyMaterial=KEY)
    with refused("InvalidParameterValue"):
        boto.import_key_pair(KeyName="k" * 256, PublicKeyMaterial=KEY)
    boto.create_tags(Resources=[made["KeyPairId"]], Tags=[{"Key": "a", "Value": "c"}])
    told = boto.describe_key_pairs(Filters=[{"Name": "tag:a", "Values": ["c"]}])["KeyPairs"]
    assert [(pair["KeyName"], "PublicKey" in pair) for pair in told] == [("claim-1", False)]
    boto.delete_key_pair(KeyPairId=made["KeyPairId"])
    with refused("InvalidKeyPair.NotFound"):
        boto.describe_key_pairs(KeyNames=["claim-1"])
    boto.delete_key_pair(KeyName="claim-1")
    with refused("InvalidKeyPair.NotFound"):
        boto.create_tags(Resources=[made["KeyPairId"]], Tags=[{"Key": "a", "Value": "d"}])
