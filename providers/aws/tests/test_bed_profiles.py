"""The bed's instance profiles: one that is not there is refused, one that is shows by its ARN."""

from typing import Any

import pytest

from bed import Local, hand
from bed.hand import refused
from bed.identities import ACCOUNT

ARN = f"arn:aws:iam::{ACCOUNT}:instance-profile/teams/backup"
ADMIN = f"arn:aws:iam::{ACCOUNT}:instance-profile/admin"
ELSEWHERE = "arn:aws:iam::210987654321:instance-profile/theirs"

LAUNCH = {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:DescribeInstances"], "Resource": "*"}
PASS = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": f"arn:aws:iam::{ACCOUNT}:role/backup",
    "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
}


@pytest.fixture
def place(ec2: Local, boto: Any) -> dict[str, Any]:
    ec2.bed.configure(profiles=frozenset({ARN, ADMIN, ELSEWHERE}))
    vpc = hand.network(boto)
    return {"subnet": hand.subnet(boto, vpc), "groups": [hand.group(boto, vpc)]}


def shown(boto: Any, id: str) -> dict[str, Any]:
    found: dict[str, Any] = boto.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
    return found


@pytest.mark.parametrize("profile", [{"Name": "backup"}, {"Arn": ARN}])
def test_a_profile_is_shown_by_its_arn(boto: Any, place: dict[str, Any], profile: dict[str, str]) -> None:
    told = shown(boto, hand.host(boto, **place, IamInstanceProfile=profile))
    assert told["IamInstanceProfile"]["Arn"] == ARN
    assert "IamInstanceProfile" not in shown(boto, hand.host(boto, **place))


@pytest.mark.parametrize(
    ("profile", "code", "said"),
    [
        ({"Name": "nobody"}, "InvalidParameterValue", "Value (nobody) for parameter iamInstanceProfile.name"),
        ({"Arn": f"{ARN}x"}, "InvalidParameterValue", "Invalid IAM Instance Profile ARN"),
        ({"Arn": ARN.replace("/teams", "")}, "InvalidParameterValue", "iamInstanceProfile.arn"),
        ({"Arn": ELSEWHERE}, "InvalidParameterValue", "iamInstanceProfile.arn"),
        ({"Name": "theirs"}, "InvalidParameterValue", "iamInstanceProfile.name"),
        ({"Name": "backup", "Arn": ARN}, "InvalidParameterCombination", ""),
    ],
)
def test_a_profile_that_is_not_there_is_refused(
    boto: Any, place: dict[str, Any], profile: dict[str, str], code: str, said: str
) -> None:
    with refused(code) as message:
        hand.host(boto, **place, IamInstanceProfile=profile)
    assert said in message[0]


def test_whoever_gives_a_host_a_role_must_be_allowed_to_pass_that_one(
    ec2: Local, boto: Any, place: dict[str, Any]
) -> None:
    ec2.bed.configure(policy={"Statement": [LAUNCH]})
    hand.host(boto, **place)
    with refused("UnauthorizedOperation") as message:
        hand.host(boto, **place, IamInstanceProfile={"Name": "backup"})
    assert f"not authorized to perform: iam:PassRole on resource: {PASS['Resource']}" in message[0]
    ec2.bed.configure(policy={"Statement": [LAUNCH, PASS]})
    hand.host(boto, **place, IamInstanceProfile={"Name": "backup"})
    with refused("UnauthorizedOperation"):
        hand.host(boto, **place, IamInstanceProfile={"Name": "admin"})
