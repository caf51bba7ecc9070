"""EC2's published rates. In each account and region, each action has a bucket of its own.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from collections.abc import Iterable, Mapping

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
