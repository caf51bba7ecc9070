"""What all kinds of resource have in common: get, insert, delete, and changes that take time."""

from collections.abc import Callable
from typing import Any

from emulator import operations, quotas
from emulator.call import FREEING, GONE, MADE, MAKING, Call
from emulator.errors import already_exists, not_ready, required
from emulator.kinds import KINDS
from emulator.links import path_of
from emulator.project import Resource

Act = Callable[[], None]

CHECKED_LATE = ("networks",)
"""What may be in use when its deletion is accepted: the operation fails with
`RESOURCE_IN_USE_BY_ANOTHER_RESOURCE`. 31 of 32 recorded deletions of networks in use were accepted:
GoogleCloudPlatform/k8s-config-connector at d7abfb9685 and dfd9a67bd6.
"""


PARTS_OF_NETWORKS = ("firewalls", "routes", "subnetworks")


def _network_is_free(call: Call, network: str) -> None:
    """Raises GceError while another change of the network runs, where the settings say so.

    "The resource 'projects/…/global/networks/…' is not ready": hashicorp/terraform-google-network#365,
    terraform-google-kubernetes-engine#888, GoogleCloudPlatform/magic-modules#13881.
    """
    if not call.project.settings.one_change_at_a_time or call.collection not in PARTS_OF_NETWORKS:
        return
    path = path_of(call.project.id, network)
    for target in call.project.changing():
        if target.path == path or path_of(call.project.id, target.body.get("network", "")) == path:
            raise not_ready(path)


def get(call: Call) -> dict[str, Any]:
    """What is there."""
    return call.target().body


def insert(call: Call) -> dict[str, Any]:
    """Begin to make what the body says."""
    _network_is_free(call, call.body.get("network", ""))
    return begin_making(call, make(call, call.collection, call.scope, call.body))


def begin_making(
    call: Call, resource: Resource, kind: str = "", named: Resource | None = None
) -> dict[str, Any]:
    """The operation that makes it, or fails."""

    def finish() -> None:
        ready(call, resource)

    def fail() -> None:
        call.project.drop(resource)

    return operations.begin(call, resource, finish, resource.refused, fail, kind, named)


def make(call: Call, collection: str, scope: str, body: dict[str, Any]) -> Resource:
    """Note something that begins to be. Raises GceError where its name is taken, or it may not be so."""
    if not body.get("name"):
        raise required("resource.name")
    taken = call.project.books[collection].get((scope, body["name"]))
    if taken is not None:
        raise already_exists(taken.path) if taken.state != "leaving" else not_ready(taken.path)
    for rule in MAKING[collection]:
        rule(call, body)
    resource = call.project.add(collection, scope, body)
    refused = quotas.exceeded(call, resource)
    if refused is not None and not call.project.settings.quota_in_operation:
        call.project.drop(resource)
        raise refused
    if refused is not None:
        resource.refused = {"code": "QUOTA_EXCEEDED", "message": refused.message, "status": 403}
    return resource


def ready(call: Call, resource: Resource) -> None:
    """It is there now."""
    if resource.state == "making":
        resource.state = "ready"
        resource.mark(1)
        for rule in MADE[resource.kind.collection]:
            rule(call, resource)


def delete(call: Call) -> dict[str, Any]:
    """Begin to delete what the path names."""
    resource = steady(call.target())
    _network_is_free(call, resource.body.get("network", ""))

    def check() -> None:
        for rule in FREEING[resource.kind.collection]:
            rule(call, resource)

    def finish() -> None:
        if resource.kind.collection in CHECKED_LATE:
            check()
        vanish(call, resource)

    if resource.kind.collection not in CHECKED_LATE:
        check()
    leave(resource)
    return operations.begin(call, resource, finish, fail=lambda: stay(resource))


def leave(resource: Resource) -> None:
    """It is on its way out."""
    resource.state = "leaving"
    resource.mark(2)


def stay(resource: Resource) -> None:
    """It is not deleted after all."""
    resource.state = "ready"
    resource.mark(1)


def vanish(call: Call, resource: Resource) -> None:
    """It is gone."""
    call.project.drop(resource)
    for rule in GONE[resource.kind.collection]:
        rule(call, resource)


def change(call: Call, act: Act, kind: str = "") -> dict[str, Any]:
    """Begin to change what the path names: `act` does it, at the operation's end."""
    resource = steady(call.target())
    _network_is_free(call, resource.body.get("network", ""))
    return operations.begin(call, resource, act, kind=kind)


def steady(resource: Resource) -> Resource:
    """The same. Raises GceError where it is on its way out."""
    if resource.state in ("leaving", "gone"):
        raise not_ready(resource.path)
    return resource


def settled(resource: Resource) -> Resource:
    """The same, to refer to. Raises GceError where it is being made, or on its way out.

    https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation: "The resource … is not
    ready".
    """
    if resource.state != "ready":
        raise not_ready(resource.path)
    return resource


GENERIC = {"get": get, "insert": insert, "delete": delete}
"""What needs no rule of its own, for every kind that the bed keeps."""


def serve(collection: str, action: str) -> Callable[[Call], dict[str, Any]] | None:
    """What does a method that no rule does; None where the bed does not have it."""
    return GENERIC.get(action) if collection in KINDS else None
