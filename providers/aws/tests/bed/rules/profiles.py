"""Instance profiles: one that is there, given to a host at its launch.

The bed has no IAM: which profiles there are is a setting, and the role in each bears its name, as when the
console makes both. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IamInstanceProfileSpecification.html
"""

from collections.abc import Mapping
from typing import Any

from bed.call import Call, after, before
from bed.errors import EC2Error


def role(account: str, profile: Mapping[str, str]) -> str:
    """The ARN of the role in a profile that a request names."""
    return f"arn:aws:iam::{account}:role/{_name(profile)}"


def arn(account: str, name: str) -> str:
    """The ARN of a profile; without a path."""
    return f"arn:aws:iam::{account}:instance-profile/{name}"


def _name(profile: Mapping[str, str]) -> str:
    return profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]


@before("RunInstances")
def profile_is_there(call: Call) -> None:
    """As EC2 words it: hashicorp/terraform-provider-aws, issue 27516."""
    profile = call.params.get("IamInstanceProfile")
    if profile is None:
        return
    if len(profile) != 1:
        raise EC2Error(
            "InvalidParameterCombination",
            "The parameter 'iamInstanceProfile.name' may not be used in combination with "
            "'iamInstanceProfile.arn'",
        )
    (kind,) = profile
    known = _name(profile) in call.there.settings.profiles
    if not known or (kind == "Arn" and profile["Arn"] != arn(call.account, _name(profile))):
        what = "name" if kind == "Name" else "ARN"
        raise EC2Error(
            "InvalidParameterValue",
            f"Value ({profile[kind]}) for parameter iamInstanceProfile.{kind.lower()} is invalid. "
            f"Invalid IAM Instance Profile {what}",
        )


@after("RunInstances")
def profile_is_shown(call: Call, result: Any) -> None:
    """By its ARN and an id of its own, whatever it was asked for by."""
    if profile := call.params.get("IamInstanceProfile"):
        name = _name(profile)
        for instance in result.instances:
            instance.iam_instance_profile = {"Arn": arn(call.account, name), "Id": f"AIPA{name.upper()}"}
