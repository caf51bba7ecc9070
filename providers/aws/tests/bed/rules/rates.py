"""The token buckets that EC2 publishes, for each account, region and action.

"Each API is evaluated individually […] requests for other API are not affected": what actions of a class
share is how large a bucket is, and how fast it fills.
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from collections.abc import Mapping

from bed.call import Call
from bed.errors import THROTTLED, EC2Error

Bucket = tuple[int, float]
"""How many tokens it holds, and how many it gets a second."""

READING: Bucket = (100, 20.0)
UNFILTERED: Bucket = (50, 10.0)
CHANGING: Bucket = (50, 5.0)

REQUESTS: Mapping[str, Bucket] = {
    "RunInstances": (5, 2.0),
    "StartInstances": (5, 2.0),
    "TerminateInstances": (100, 5.0),
    "CopyImage": (100, 1.0),
    **dict.fromkeys(("CreateTags", "DeleteTags"), (100, 10.0)),
    **dict.fromkeys(
        (
            "CreateNetworkInterface",
            "CreateSnapshot",
            "CreateVolume",
            "DeleteNetworkInterface",
            "DeleteSnapshot",
            "DeleteVolume",
            "ModifyInstanceMetadataOptions",
            "ModifyNetworkInterfaceAttribute",
            "ModifySnapshotAttribute",
        ),
        (100, 5.0),
    ),
}
"""Actions with buckets of their own ("uncategorized actions")."""

RESOURCES: Mapping[str, Bucket] = {
    "RunInstances": (1000, 2.0),
    "StartInstances": (1000, 2.0),
    "StopInstances": (1000, 20.0),
    "TerminateInstances": (1000, 20.0),
}
"""Actions that also take a token for each instance."""

SMALLER = frozenset(
    {
        "DescribeInstances",
        "DescribeInstanceStatus",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroups",
        "DescribeSnapshots",
        "DescribeVolumes",
    }
)
"""Reads that have a smaller bucket where neither pages nor filters are asked for."""


def take(call: Call) -> None:
    """Raises EC2Error where a bucket is empty."""
    if not call.there.settings.throttling:
        return
    left = {name: _left(call, name, bucket) for name, (bucket, _) in needed(call).items()}
    for name, (_, count) in needed(call).items():
        if left[name] < count:
            raise EC2Error(THROTTLED, "Request limit exceeded.", status=503)
    for name, (_, count) in needed(call).items():
        call.there.buckets[name] = (left[name] - count, call.now)


def needed(call: Call) -> dict[str, tuple[Bucket, int]]:
    """The buckets that a request takes tokens from, and how many."""
    action, params = call.action, call.params
    if action in REQUESTS:
        requests = REQUESTS[action]
    elif not action.startswith(("Describe", "Get", "List", "Search")):
        requests = CHANGING
    elif action in SMALLER and not any(name in params for name in ("Filters", "MaxResults", "NextToken")):
        requests = UNFILTERED
    else:
        requests = READING
    found = {f"{action} {requests}": (requests, 1)}
    if action in RESOURCES:
        count = len(params.get("InstanceIds", ())) or params.get("MaxCount", 1)
        found[f"{action} instances"] = (RESOURCES[action], count)
    return found


def _left(call: Call, name: str, bucket: Bucket) -> float:
    size, per_second = bucket
    tokens, moment = call.there.buckets.get(name, (float(size), call.now))
    return min(float(size), tokens + (call.now - moment) * per_second)
