"""Instance profiles: one that is there, given to a host at its launch.

The bed has no IAM: which profiles there are is a setting, and the role in each bears its name, without a
path, as when the console makes both. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IamInstanceProfileSpecification.html
"""

from collections.abc import Mapping
from typing import Any

from bed.call import Call, after, before
from bed.errors import EC2Error


def role(account: str, profile: Mapping[str, str]) -> str:
    """The ARN of the role in a profile that a request names."""
    return f"arn:aws:iam::{account}:role/{_name(profile)}"


def arn(account: str, name: str) -> str:
    """The ARN of a profile, which may have a path before its name."""
    return f"arn:aws:iam::{account}:instance-profile/{name}"


def _found(call: Call, profile: Mapping[str, str]) -> str | None:
    """The ARN of the profile that a request names; None: its account has no such profile."""
    for known in call.there.settings.profiles:
        names = ({"Arn": known}, {"Name": known.rpartition("/")[2]})
        if known.startswith(arn(call.account, "")) and profile in names:
            return known
    return None


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
    if _found(call, profile) is None:
        (kind,) = profile
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
        shown = {"Arn": _found(call, profile), "Id": f"AIPA{_name(profile).upper()}"}
        for instance in result.instances:
            instance.iam_instance_profile = shown
