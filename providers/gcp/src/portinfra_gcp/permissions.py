"""Every permission that this provider needs: of each method its own, and what the methods need besides."""

from typing import Any

from portinfra.provider.interface import Answer, Call
from portinfra_gcp.methods import METHODS, READ_PERMISSIONS

_VERBS = {"insert": "create", "aggregatedList": "list", "patch": "update", "wait": "get"}

_SERVED_TO_ALL = ("images.list",)
"""Asked of the publishers' projects, which answer everybody."""

BESIDES = (
    "cloudkms.cryptoKeys.get",
    "compute.addresses.use",
    "compute.disks.use",
    "compute.firewalls.get",
    "compute.healthChecks.get",
    "compute.instances.setMetadata",
    "compute.networks.updatePolicy",
    "compute.snapshots.create",
    "compute.snapshots.useReadOnly",
    "compute.subnetworks.use",
    "compute.subnetworks.useExternalIp",
)
"""For what a request refers to: "IAM Permissions" on the page of each method."""


def of(action: str) -> str:
    """The permission that a method is named after: `compute.instances.create`."""
    collection, _, method = action.partition(".")
    return f"compute.{collection}.{_VERBS.get(method, method)}"


def all_needed() -> list[str]:
    """All of them, sorted."""
    return sorted({*(of(action) for action in METHODS if action not in _SERVED_TO_ALL), *BESIDES})


def call() -> Call:
    """Return the read of what is granted of all permissions for writes: one request, which changes nothing.

    It tells of permissions in the whole project. What is granted on single resources does not count.
    """
    writes = [each for each in all_needed() if not each.endswith((".get", ".list"))]
    return Call(READ_PERMISSIONS, {"body": {"permissions": writes}})


def denied_permissions(made: Call, answer: Answer) -> tuple[str, ...]:
    """Return the permissions that are not granted."""
    granted = set(answer.get("permissions") or ())
    return tuple(each for each in made.parameters["body"]["permissions"] if each not in granted)


def role() -> dict[str, Any]:
    """The custom role, as the JSON or YAML document that gcloud takes.

    What exists cannot be narrowed to portinfra's own by a role: give it in a project of its own. A key of
    one's own is used by the project's service agent, not by whoever runs portinfra.
    """
    return {
        "title": "portinfra",
        "description": "All that portinfra needs to run a topology",
        "stage": "GA",
        "includedPermissions": all_needed(),
    }
