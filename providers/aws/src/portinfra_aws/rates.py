"""EC2's published rates. In each account and region, each action has a bucket of its own.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from collections.abc import Iterable, Mapping

from portinfra.model.batch import Batch
from portinfra.model.catalogue import Rate

READING = Rate(100, 20)
CHANGING = Rate(50, 5)

_OWN: Mapping[str, Rate] = {
    "RunInstances": Rate(5, 2),
    "StartInstances": Rate(5, 2),
    "TerminateInstances": Rate(100, 5),
    **dict.fromkeys(("CreateTags", "DeleteTags"), Rate(100, 10)),
    **dict.fromkeys(
        (
            "CreateSnapshot",
            "CreateVolume",
            "DeleteSnapshot",
            "DeleteVolume",
            "ModifyInstanceMetadataOptions",
        ),
        Rate(100, 5),
    ),
}
"""Actions whose buckets differ from those of their class."""

_INSTANCES: Mapping[str, Rate] = {
    "RunInstances": Rate(1000, 2),
    "StartInstances": Rate(1000, 2),
    "StopInstances": Rate(1000, 20),
    "TerminateInstances": Rate(1000, 20),
}
"""Actions that also take one token for each instance."""


BATCH_MAX = 50
"""The most resources that portinfra names in one request. EC2 takes 1,000, and recommends fewer."""

_LISTS: Mapping[str, str] = {
    **dict.fromkeys(("StartInstances", "StopInstances", "TerminateInstances"), "InstanceId"),
    **dict.fromkeys(("CreateTags", "DeleteTags"), "ResourceId"),
}
"""Action that takes many resources → its list of them."""


def batch(action: str) -> Batch | None:
    """Return how requests of an action are joined; None: it takes one resource."""
    if action not in _LISTS:
        return None
    return Batch(_LISTS[action], BATCH_MAX, tuple(name for name in classes(action) if name != action))


def classes(action: str) -> tuple[str, ...]:
    """Return the rate classes of one request: its action, and the class that counts instances, if any."""
    return (action, f"{action} instances") if action in _INSTANCES else (action,)


def published_rates(actions: Iterable[str]) -> dict[str, Rate]:
    """Return rate class → rate for these actions."""
    rates = {action: rate(action) for action in actions}
    return rates | {f"{action} instances": _INSTANCES[action] for action in rates if action in _INSTANCES}


def rate(action: str) -> Rate:
    """Return the bucket of an action."""
    return _OWN.get(action) or (READING if action.startswith(("Describe", "Get")) else CHANGING)
