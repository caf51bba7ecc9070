"""Tags: how many, how long, under which keys, and on what an action may put them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bed.call import Call, before
from bed.errors import EC2Error

TAGS_MAX, KEY_MAX, VALUE_MAX = 50, 128, 256

TAGGABLE: Mapping[str, frozenset[str]] = {
    "CreateVpc": frozenset({"vpc"}),
    "CreateSubnet": frozenset({"subnet"}),
    "CreateInternetGateway": frozenset({"internet-gateway"}),
    "CreateRouteTable": frozenset({"route-table"}),
    "CreateSecurityGroup": frozenset({"security-group"}),
    "AuthorizeSecurityGroupIngress": frozenset({"security-group-rule"}),
    "AuthorizeSecurityGroupEgress": frozenset({"security-group-rule"}),
    "CreateVolume": frozenset({"volume"}),
    "CreateSnapshot": frozenset({"snapshot"}),
    "CopySnapshot": frozenset({"snapshot"}),
    "AllocateAddress": frozenset({"elastic-ip"}),
    "ImportKeyPair": frozenset({"key-pair"}),
    "CreateKeyPair": frozenset({"key-pair"}),
    "CreateNetworkInterface": frozenset({"network-interface"}),
    "RunInstances": frozenset(
        {"instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu"}
    ),
}


@before()
def tags_are_allowed(call: Call) -> None:
    """In every create that takes them, and in CreateTags."""
    types: list[str] = []
    for each in call.params.get("TagSpecifications", ()):
        kind = each.get("ResourceType", "")
        if kind not in TAGGABLE.get(call.action, frozenset({kind})) or not kind:
            raise EC2Error(
                "InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation."
            )
        if kind in types:
            raise EC2Error("InvalidParameterValue", f"There are two tag specifications for '{kind}'")
        types.append(kind)
        if not each.get("Tags"):
            raise EC2Error("InvalidParameterValue", "Tag specification must have at least one tag")
        _check(each["Tags"], 0)
    if call.action == "CreateTags":
        for id in call.params["Resources"]:
            there = call.backend.tags.get(id, {})
            _check(call.params["Tags"], len(set(there) - {tag.get("Key") for tag in call.params["Tags"]}))


def _check(tags: Sequence[Mapping[str, Any]], others: int) -> None:
    keys = [tag.get("Key", "") for tag in tags]
    if len(set(keys)) != len(keys):
        raise EC2Error("InvalidParameterValue", "Duplicate tag key specified.")
    if len(keys) + others > TAGS_MAX:
        raise EC2Error("TagLimitExceeded", f"The maximum number of tags for a resource is {TAGS_MAX}.")
    for tag in tags:
        key, value = tag.get("Key", ""), tag.setdefault("Value", "")  # type: ignore[attr-defined]
        if not 0 < len(key) <= KEY_MAX:
            raise EC2Error(
                "InvalidParameterValue", f"Tag key '{key}' must have from 1 to {KEY_MAX} characters."
            )
        if len(value) > VALUE_MAX:
            raise EC2Error("InvalidParameterValue", f"Tag value of '{key}' exceeds {VALUE_MAX} characters.")
        if key.lower().startswith("aws:"):
            raise EC2Error(
                "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use"
            )
