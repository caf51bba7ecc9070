"""Keys that encrypt disks, in the words of whoever named them.

EC2 tells the ARN of a key, whatever it was named by. An ARN or a key's id is compared with it; an alias says
nothing about it, so what was asked for is kept in a tag, and counts only where the disk is encrypted at all.
"""

from collections.abc import Mapping
from typing import Any

from portinfra.provider.interface import Answer, Call

PLAIN = "(not encrypted)"
"""What the key of a disk that is not encrypted is called: nobody ever asks for it."""


def to_declared_key(disk: Mapping[str, Any], asked: str | None) -> str | None:
    """The key of a disk that EC2 tells of, in the word of whoever asked for it; None: EC2's own choice."""
    if disk.get("encrypted") != "true":
        return PLAIN
    if not asked or "alias/" in asked:
        return asked or None
    arn: str = disk.get("kmsKeyId", "")
    return asked if arn == asked or arn.endswith(f":key/{asked}") else arn


def call(key: str) -> Call | None:
    """Return the read of a key's state; None for a disk that has none.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
    """
    return None if key == PLAIN else Call("DescribeKey", {"KeyId": key})


def problem(answer: Answer) -> str:
    """Return why EC2 cannot encrypt with a key now: it takes only enabled symmetric ones."""
    told = answer["KeyMetadata"]
    state = str(told.get("KeyState", ""))
    if state != "Enabled":
        return f"it is in the state {state}"
    if told.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        return "it is no symmetric key for encryption"
    return ""
