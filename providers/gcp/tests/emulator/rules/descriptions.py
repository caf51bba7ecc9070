"""Descriptions: "must be 2048 characters or less", in the discovery document of Compute Engine."""

from typing import Any

from emulator.call import Call, making
from emulator.errors import invalid

MOST = 2048


def check(body: dict[str, Any]) -> None:
    """Raises GceError for a description that is too long."""
    if len(body.get("description") or "") > MOST:
        raise invalid("resource.description", "", f"Must be at most {MOST} characters long.")


@making("addresses", "disks", "firewalls", "instances", "networks", "snapshots", "subnetworks")
def description_fits(call: Call, body: dict[str, Any]) -> None:
    """Of whatever is made."""
    check(body)
