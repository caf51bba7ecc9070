"""Zones that have no machine left to give.

https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation ("Resource availability
errors"): told by the operation, as ZONE_RESOURCE_POOL_EXHAUSTED.
"""

from typing import Any

from emulator.call import Call
from emulator.links import name_of


def missing(call: Call, machine_type: str) -> dict[str, Any] | None:
    """The error of an operation that finds no machine."""
    zone, settings = name_of(call.scope), call.project.settings
    name = name_of(machine_type)
    full = zone in settings.exhausted
    limit = settings.capacity.get(f"{zone} {name}")
    if limit is not None:
        running = [
            each
            for there in call.bed.projects.values()
            for each in there.all("instances")
            if each.scope == call.scope
            and name_of(each.body["machineType"]) == name
            and each.body["status"] not in ("TERMINATED", "SUSPENDED")
            and each.state != "doomed"
        ]
        full = full or len(running) >= limit
    if not full:
        return None
    return {
        "code": "ZONE_RESOURCE_POOL_EXHAUSTED",
        "message": f"The zone 'projects/{call.project.id}/zones/{zone}' does not have enough resources "
        "available to fulfill the request.  Try a different zone, or try again later.",
        "status": 503,
    }
