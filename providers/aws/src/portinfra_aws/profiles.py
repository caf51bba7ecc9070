"""The instance profile of a host: a role whose permissions the programs on it have.

EC2 tells the ARN of a profile, whatever it was named by. A profile is compared only where one was asked for:
AWS's own Systems Manager gives one to hosts that have none, and for that no host shall be replaced. Whether
one was asked for stands in the client token of the launch, which EC2 tells as long as the host lives: a tag
can be taken away, and the host that lost it would be replaced.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

import re
from collections.abc import Mapping
from typing import Any

from portinfra.provider.interface import Refuse

OPTION = "instance_profile"

NATIVE: Mapping[str, str] = {
    OPTION: "name or ARN of an IAM instance profile: what its role may do, every program on the host may do",
}

_NAME = r"[\w+=,.@-]{1,128}"
_PROFILE = re.compile(rf"{_NAME}|arn:aws:iam::\d{{12}}:instance-profile/(?:[!-.0-~]+/)*{_NAME}", re.ASCII)


_ASKED = "profile-"
"""Begins the client tokens of hosts for which a profile was asked."""


class Profile(str):
    """The ARN of a profile that a host has. It equals what asks for it: this ARN, or the name that ends it
    behind a path that need not be there.
    """

    __slots__ = ()

    def __eq__(self, asked: object) -> bool:
        if isinstance(asked, str) and not asked.startswith("arn:"):
            return self.rpartition("/")[2] == str(asked)
        return str.__eq__(self, asked)

    def __ne__(self, asked: object) -> bool:
        return not self == asked

    __hash__ = str.__hash__


def refuse_options(native: Mapping[str, Any]) -> Refuse | None:
    """Why these options can be nobody's; None: they can."""
    asked = native.get(OPTION)
    if OPTION not in native or (isinstance(asked, str) and _PROFILE.fullmatch(asked)):
        return None
    return Refuse(
        f"{OPTION}={asked!r} names no instance profile",
        "Write its name, or its ARN: arn:aws:iam::ACCOUNT:instance-profile/NAME.",
    )


def lacking(native: Mapping[str, Any]) -> str:
    """What a host with these options lacks to read a snapshot's blocks; empty: nothing."""
    if wrong := refuse_options(native):
        return wrong.reason
    return "" if declared_profile(native) else f"hosts that read blocks need an {OPTION}, whose role may"


def declared_profile(native: Mapping[str, Any]) -> str:
    """The profile that options ask for; empty: none."""
    return str(native.get(OPTION, ""))


def parameter(native: Mapping[str, Any]) -> dict[str, str] | None:
    """What a launch says of it."""
    profile = declared_profile(native)
    return {"Arn" if profile.startswith("arn:") else "Name": profile} if profile else None


def token(native: Mapping[str, Any], token: str) -> str:
    """The client token of a launch, of 64 characters at most: it says whether a profile is asked for."""
    return (_ASKED + token)[:64] if declared_profile(native) else token


def read_options(record: Mapping[str, Any]) -> dict[str, str]:
    """The options of a host that EC2 tells of."""
    arn = (record.get("iamInstanceProfile") or {}).get("arn", "")
    return {OPTION: Profile(arn)} if arn and record.get("clientToken", "").startswith(_ASKED) else {}
