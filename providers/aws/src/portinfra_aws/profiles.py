"""The instance profile of a host: a role whose permissions the programs on the host have.

EC2 returns the ARN of a profile, whatever form the request used. portinfra compares a profile only where the
declaration has one. AWS Systems Manager gives a profile to hosts that have none, and such a host must not be
replaced.

The client token of the launch records whether a profile was declared. EC2 returns the token as long as the
host lives. A tag could be removed, and the host would then be replaced.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

import re
from collections.abc import Mapping
from typing import Any

from portinfra.provider.interface import Refuse

OPTION = "instance_profile"

NATIVE: Mapping[str, str] = {
    OPTION: "name or ARN of an IAM instance profile: every program on the host has the permissions of its "
    "role",
}

_NAME = r"[\w+=,.@-]{1,128}"
_PROFILE = re.compile(rf"{_NAME}|arn:aws:iam::\d{{12}}:instance-profile/(?:[!-.0-~]+/)*{_NAME}", re.ASCII)


_DECLARED = "profile-"
"""The prefix of the client tokens of hosts with a declared profile."""


class Profile(str):
    """The ARN of a host's profile. It equals the declared ARN, or the declared name at its end.

    The path before that name is optional.
    """

    __slots__ = ()

    def __eq__(self, declared: object) -> bool:
        if isinstance(declared, str) and not declared.startswith("arn:"):
            return self.rpartition("/")[2] == str(declared)
        return str.__eq__(self, declared)

    def __ne__(self, declared: object) -> bool:
        return not self == declared

    def __hash__(self) -> int:
        return str.__hash__(self)


def refuse_options(native: Mapping[str, Any]) -> Refuse | None:
    """Return why these options are invalid; None if they are valid."""
    declared = native.get(OPTION)
    if OPTION not in native or (isinstance(declared, str) and _PROFILE.fullmatch(declared)):
        return None
    return Refuse(
        f"{OPTION}={declared!r} is not an instance profile",
        "Write its name, or its ARN: arn:aws:iam::ACCOUNT:instance-profile/NAME.",
    )


def block_problem(native: Mapping[str, Any]) -> str:
    """Return what a host with these options lacks to read a snapshot's blocks; empty if it lacks nothing."""
    if wrong := refuse_options(native):
        return wrong.reason
    return "" if declared_profile(native) else f"hosts that read blocks need an {OPTION} whose role allows it"


def declared_profile(native: Mapping[str, Any]) -> str:
    """Return the declared profile; empty if there is none."""
    return str(native.get(OPTION, ""))


def parameter(native: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the profile parameter of a launch; None without a profile."""
    profile = declared_profile(native)
    return {"Arn" if profile.startswith("arn:") else "Name": profile} if profile else None


def token(native: Mapping[str, Any], token: str) -> str:
    """Return the client token of a launch, of at most 64 characters.

    It records whether a profile is declared.
    """
    return (_DECLARED + token)[:64] if declared_profile(native) else token


def read_options(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the options of a host, from EC2's record of it."""
    arn = (record.get("iamInstanceProfile") or {}).get("arn", "")
    return {OPTION: Profile(arn)} if arn and record.get("clientToken", "").startswith(_DECLARED) else {}
