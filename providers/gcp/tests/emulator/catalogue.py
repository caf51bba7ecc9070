"""What can only be read: projects, places, machine types, images, operations."""

import time
from typing import Any

from emulator import geography, images, listing, operations, quotas
from emulator.call import Call, serves
from emulator.errors import not_found
from emulator.links import link
from emulator.project import Operation

WAIT_SECONDS = 120.0
"""The document, operations.wait: "waits for no more than the 2 minutes"."""


@serves("projects.get")
def get_project(call: Call) -> dict[str, Any]:
    """With its quotas, and the metadata of all its instances."""
    there = call.project
    return {
        "kind": "compute#project",
        "id": there.number,
        "creationTimestamp": geography.BORN,
        "name": there.id,
        "selfLink": link(f"projects/{there.id}"),
        "commonInstanceMetadata": there.metadata,
        "quotas": quotas.told(there),
        "defaultServiceAccount": f"{there.number}-compute@developer.gserviceaccount.com",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "defaultNetworkTier": "PREMIUM",
        "vmDnsSetting": "ZONAL_ONLY",
        "cloudArmorTier": "CA_STANDARD",
    }


@serves("machineTypes.get", "diskTypes.get", "images.get", "zones.get", "regions.get")
def get_static(call: Call) -> dict[str, Any]:
    """What Google offers to everybody."""
    name = call.name or str(call.params[call.method.order[-1]])
    for _, body in listing.static(call.project, call.collection, call.scope):
        if body["name"] == name:
            return body
    raise not_found("/".join(call.method.path).format(**call.params))


@serves("images.getFromFamily")
def get_from_family(call: Call) -> dict[str, Any]:
    """The newest of a family."""
    family = call.params["family"]
    found = images.newest(call.project.id, family)
    if found is None:
        raise not_found(f"projects/{call.project.id}/global/images/family/{family}")
    return found


@serves("globalOperations.get", "regionOperations.get", "zoneOperations.get")
def get_operation(call: Call) -> dict[str, Any]:
    """How it went."""
    return operations.tell(call.project, operation(call))


@serves("globalOperations.wait", "regionOperations.wait", "zoneOperations.wait")
def wait(call: Call) -> dict[str, Any]:
    """The same, at its end, or after two minutes. Where time does not pass by itself, this moves it; else the
    wire has waited already (`patience`).
    """
    found, there = operation(call), call.project
    if not there.settings.live_clock and not found.done:
        there.clock.advance(min(WAIT_SECONDS, max(0.0, found.ends - there.now)))
        there.settle()
    return operations.tell(there, found)


def operation(call: Call) -> Operation:
    """What the path names, by name or id. Raises GceError where there is none."""
    name = str(call.params["operation"])
    found = call.project.operations.get((call.scope, name))
    if found is None:
        for each in call.project.operations.values():
            if (each.scope, each.id) == (call.scope, name):
                return each
        raise not_found(f"projects/{call.project.id}/{call.scope}/operations/{name}")
    return found


def patience(call: Call) -> None:
    """Sleep until the operation that is waited for ends, without holding the bed."""
    ends = operation(call).ends
    time.sleep(min(WAIT_SECONDS, max(0.0, ends - call.now)))


LISTED = frozenset(
    (
        "zones.list", "regions.list", "machineTypes.list", "machineTypes.aggregatedList", "diskTypes.list",
        "diskTypes.aggregatedList", "images.list", "globalOperations.list", "globalOperations.aggregatedList",
        "regionOperations.list", "zoneOperations.list", "networks.list", "subnetworks.list",
        "subnetworks.aggregatedList", "firewalls.list", "routes.list", "addresses.list",
        "addresses.aggregatedList", "globalAddresses.list", "disks.list", "disks.aggregatedList",
        "snapshots.list", "instances.list", "instances.aggregatedList", "healthChecks.list",
        "healthChecks.aggregatedList",
    )
)  # fmt: skip
"""Every list that the bed has."""

serves(*LISTED)(listing.serve)
