"""Keys that encrypt disks, in the form in which the declaration names them.

EC2 returns the ARN of a key, whatever form the request used. portinfra compares an ARN or a key id with it.
An alias cannot be compared. So portinfra keeps the requested alias in a tag, which counts only while the disk
is encrypted.
"""

from collections.abc import Mapping
from typing import Any

from portinfra.provider.interface import Answer, Call

PLAIN = "(not encrypted)"
"""The name for the key of a disk that is not encrypted. No declaration uses it."""


def to_declared_key(disk: Mapping[str, Any], declared: str | None) -> str | None:
    """Return the key of a disk in the form that was declared; None if EC2 chose the key."""
    if disk.get("encrypted") != "true":
        return PLAIN
    if not declared or "alias/" in declared:
        return declared or None
    arn: str = disk.get("kmsKeyId", "")
    return declared if arn == declared or arn.endswith(f":key/{declared}") else arn


def call(key: str) -> Call | None:
    """Return the read of a key's state; None for a disk that has none.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
    """
    return None if key == PLAIN else Call("DescribeKey", {"KeyId": key})


def problem(answer: Answer) -> str:
    """Return why EC2 cannot encrypt with a key now; empty if it can.

    EC2 takes only enabled symmetric keys.
    """
    key = answer["KeyMetadata"]
    state = str(key.get("KeyState", ""))
    if state != "Enabled":
        return f"its state is {state}"
    if key.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        return "it is not a symmetric encryption key"
    return ""
