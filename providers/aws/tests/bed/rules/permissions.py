"""IAM, as far as actions and tags go: a caller without a permission is refused, by the action's name."""

from collections.abc import Iterator, Mapping
from typing import Any

from bed.call import Call
from bed.errors import EC2Error
from bed.identities import Identity
from bed.kinds import kind_of
from bed.rules.references import PREFIXES

_TAG = "aws:ResourceTag/"


def needed(call: Call) -> list[str]:
    """The IAM actions that a request takes.

    "Users must have permissions to create the resource and to create tags":
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    tagging = ["ec2:CreateTags"] if call.params.get("TagSpecifications") else []
    return [f"ec2:{call.action}", *tagging]


def check(call: Call, caller: Identity) -> None:
    """Raises EC2Error for the first action that the caller does not have."""
    settings = call.there.settings
    for action in needed(call):
        if settings.allowed is not None and action not in settings.allowed:
            raise _unauthorized(action, caller)
        if settings.policy is not None and not _granted(settings.policy, action, call):
            raise _unauthorized(action, caller)


def _granted(policy: Mapping[str, Any], action: str, call: Call) -> bool:
    """Whether any statement allows it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html.

    Of conditions the bed knows whether what a request names bears a tag.
    """
    return any(
        statement["Effect"] == "Allow"
        and action in statement["Action"]
        and all(_meets(kind, terms, call) for kind, terms in statement.get("Condition", {}).items())
        for statement in policy["Statement"]
    )


def _meets(kind: str, terms: Mapping[str, str], call: Call) -> bool:
    """ "Null": "false" means that the key exists: for every resource that the request is about."""
    if kind != "Null":
        raise AssertionError(f"the bed knows nothing of the condition {kind}")
    for key, absent in terms.items():
        assert key.startswith(_TAG), key
        tag = key.removeprefix(_TAG)
        tagged = (tag in call.backend.tags.get(id, {}) for id in _resources(call))
        if not all(has is (absent == "false") for has in tagged):
            return False
    return True


def _resources(call: Call) -> Iterator[str]:
    """The ids of what a request is about and what is there; of an association, what is associated."""
    for name, value in call.params.items():
        known = name if name in PREFIXES else name.removesuffix("s")
        if known in PREFIXES:
            for id in value if isinstance(value, list) else [value]:
                kind = kind_of(id)
                found = kind and kind.find(call.backend, id)
                if found is not None:
                    yield str(getattr(found, "allocation_id", found.id))
        elif name == "KeyName" and value in call.backend.key_pairs:
            yield str(call.backend.key_pairs[value].id)


def _unauthorized(action: str, caller: Identity) -> EC2Error:
    return EC2Error(
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. "
        f"User: {caller.arn} is not authorized to perform: {action} "
        f"because no identity-based policy allows the {action} action",
        status=403,
    )
