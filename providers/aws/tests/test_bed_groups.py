"""The bed's security groups refuse what EC2 refuses."""

from typing import Any

import pytest

from bed import hand
from bed.hand import refused

WORLD = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def from_group(id: str, port: int = 5432) -> dict[str, Any]:
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "UserIdGroupPairs": [{"GroupId": id}],
    }


def described(boto: Any, id: str) -> dict[str, Any]:
    found: dict[str, Any] = boto.describe_security_groups(GroupIds=[id])["SecurityGroups"][0]
    return found


def test_a_new_group_lets_everything_out_and_a_default_group_itself_in(boto: Any) -> None:
    vpc = hand.network(boto)
    web = described(boto, hand.group(boto, vpc))
    assert [rule["IpRanges"] for rule in web["IpPermissionsEgress"]] == [[{"CidrIp": "0.0.0.0/0"}]]
    assert web["IpPermissions"] == []
    default = boto.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]
    pairs = default["IpPermissions"][0]["UserIdGroupPairs"]
    assert pairs == [{"GroupId": default["GroupId"], "UserId": "123456789012"}]
    boto.revoke_security_group_ingress(
        GroupId=default["GroupId"], IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": pairs}]
    )
    boto.revoke_security_group_egress(GroupId=default["GroupId"], IpPermissions=[EVERYTHING])
    emptied = described(boto, default["GroupId"])
    assert emptied["IpPermissions"] == emptied["IpPermissionsEgress"] == []
    with refused("CannotDelete"):
        boto.delete_security_group(GroupId=default["GroupId"])


def test_a_group_that_a_host_bears_stays(boto: Any) -> None:
    _, _, web, _ = hand.small_world(boto)
    with refused("DependencyViolation"):
        boto.delete_security_group(GroupId=web)


def test_a_group_that_a_rule_names_stays_but_for_its_own_rule(boto: Any) -> None:
    vpc = hand.network(boto)
    web, db = hand.group(boto, vpc), hand.group(boto, vpc, "db")
    boto.authorize_security_group_ingress(GroupId=db, IpPermissions=[from_group(web), from_group(db, 1)])
    with refused("DependencyViolation"):
        boto.delete_security_group(GroupId=web)
    boto.delete_security_group(GroupId=db)
    boto.delete_security_group(GroupId=web)


def test_a_rule_is_there_once_and_a_batch_is_done_whole_or_not_at_all(boto: Any) -> None:
    web = hand.group(boto, hand.network(boto))
    boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[WORLD])
    other = {**WORLD, "FromPort": 80, "ToPort": 80}
    with refused("InvalidPermission.Duplicate"):
        boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[other, WORLD])
    with refused("InvalidPermission.NotFound"):
        boto.revoke_security_group_ingress(GroupId=web, IpPermissions=[WORLD, other])
    with refused("InvalidParameterValue"):
        boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[other, other])
    assert [rule["FromPort"] for rule in described(boto, web)["IpPermissions"]] == [443]


def test_a_peer_of_another_network_is_not_found(boto: Any) -> None:
    web = hand.group(boto, hand.network(boto))
    stranger = hand.group(boto, hand.network(boto))
    with refused("InvalidGroup.NotFound"):
        boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[from_group(stranger)])


def test_host_bits_of_a_range_are_cut_off(boto: Any) -> None:
    web = hand.group(boto, hand.network(boto))
    rule = {**WORLD, "IpRanges": [{"CidrIp": "100.68.0.18/18"}]}
    boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[rule])
    assert described(boto, web)["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "100.68.0.0/18"}]


@pytest.mark.parametrize(
    "rule",
    [
        {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        {"IpProtocol": "tcp", "FromPort": 2, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0"}]},
        {"FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
    ],
)
def test_rules_without_sense_are_refused(boto: Any, rule: dict[str, Any]) -> None:
    web = hand.group(boto, hand.network(boto))
    with refused("InvalidParameterValue"):
        boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[rule])


def test_a_group_has_sixty_rules_a_way_at_most(boto: Any) -> None:
    web = hand.group(boto, hand.network(boto))
    ranges = [{"CidrIp": f"10.0.{number}.0/24"} for number in range(61)]
    with refused("RulesPerSecurityGroupLimitExceeded"):
        boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[{**WORLD, "IpRanges": ranges}])
    boto.authorize_security_group_ingress(GroupId=web, IpPermissions=[{**WORLD, "IpRanges": ranges[:60]}])


@pytest.mark.parametrize("name", ["sg-web", "wéb", ""])
def test_names_that_ec2_does_not_take_are_refused(boto: Any, name: str) -> None:
    with refused("InvalidParameterValue"):
        hand.group(boto, hand.network(boto), name)


def test_a_name_is_there_once_in_a_vpc(boto: Any) -> None:
    vpc = hand.network(boto)
    hand.group(boto, vpc)
    with refused("InvalidGroup.Duplicate"):
        hand.group(boto, vpc)
    hand.group(boto, hand.network(boto))
