"""The instance profile of a host: a role whose permissions the programs on it have.

EC2 tells the ARN of a profile, whatever it was named by; so what was asked for is kept in a tag. A profile
is compared only where one was asked for: AWS's own Systems Manager gives one to hosts that have none, and for
that no host shall be replaced.
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


def refused(native: Mapping[str, Any]) -> Refuse | None:
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
    if wrong := refused(native):
        return wrong.reason
    return "" if asked(native) else f"hosts that read blocks need an {OPTION}, whose role may"


def asked(native: Mapping[str, Any]) -> str:
    """The profile that options ask for; empty: none."""
    return str(native.get(OPTION, ""))


def parameter(native: Mapping[str, Any]) -> dict[str, str] | None:
    """What a launch says of it."""
    profile = asked(native)
    return {"Arn" if profile.startswith("arn:") else "Name": profile} if profile else None


def seen(record: Mapping[str, Any], asked: str) -> dict[str, str]:
    """The options of a host that EC2 tells of: its profile by ARN or by name, as it was asked for.

    An ARN ends with the name, behind a path that need not be there.
    """
    arn = (record.get("iamInstanceProfile") or {}).get("arn", "")
    if not asked or not arn:
        return {}
    return {OPTION: arn if asked.startswith("arn:") else arn.rpartition("/")[2]}
