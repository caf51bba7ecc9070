"""Every permission that this provider needs: one for each method, and those that methods need besides."""

from typing import Any

from portinfra.provider.interface import Answer, Call
from portinfra_gcp.methods import METHODS, READ_PERMISSIONS

_VERBS = {"insert": "create", "aggregatedList": "list", "patch": "update", "wait": "get"}

_SERVED_TO_ALL = ("images.list",)
"""Methods that read the publishers' public projects, which need no permission."""

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
"""Permissions for resources to which a request refers: "IAM Permissions" on the page of each method."""


def permission_of(action: str) -> str:
    """Return the permission of a method: `compute.instances.create`."""
    collection, _, method = action.partition(".")
    return f"compute.{collection}.{_VERBS.get(method, method)}"


def all_needed() -> list[str]:
    """Return all needed permissions, sorted."""
    return sorted({*(permission_of(action) for action in METHODS if action not in _SERVED_TO_ALL), *BESIDES})


def call() -> Call:
    """Return the read of which write permissions are granted: one request, which changes nothing.

    It covers permissions on the whole project. Grants on single resources do not count.
    """
    writes = [each for each in all_needed() if not each.endswith((".get", ".list"))]
    return Call(READ_PERMISSIONS, {"body": {"permissions": writes}})


def denied_permissions(made: Call, answer: Answer) -> tuple[str, ...]:
    """Return the permissions that are not granted."""
    granted = set(answer.get("permissions") or ())
    return tuple(each for each in made.parameters["body"]["permissions"] if each not in granted)


def role() -> dict[str, Any]:
    """Return the custom role, as the JSON or YAML document that gcloud takes.

    A role cannot be limited to portinfra's own resources, so use a separate project. The project's service
    agent uses a customer managed key, not the identity that runs portinfra.
    """
    return {
        "title": "portinfra",
        "description": "All that portinfra needs to run a topology",
        "stage": "GA",
        "includedPermissions": all_needed(),
    }
