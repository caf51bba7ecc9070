"""IAM, as far as actions go: a caller without one is refused, by name."""

from bed.call import Call
from bed.errors import EC2Error
from bed.identities import Identity


def needed(call: Call) -> list[str]:
    """The IAM actions that a request takes.

    "Users must have permissions to create the resource and to create tags":
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    tagging = [f"ec2:{'CreateTags'}"] if call.params.get("TagSpecifications") else []
    return [f"ec2:{call.action}", *tagging]


def check(call: Call, caller: Identity) -> None:
    """Raises EC2Error for the first action that the caller does not have."""
    allowed = call.there.settings.allowed
    if allowed is None:
        return
    for action in needed(call):
        if action not in allowed:
            raise EC2Error(
                "UnauthorizedOperation",
                "You are not authorized to perform this operation. "
                f"User: {caller.arn} is not authorized to perform: {action} "
                f"because no identity-based policy allows the {action} action",
                status=403,
            )
