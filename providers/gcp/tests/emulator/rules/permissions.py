"""IAM: which permissions a request takes.

Each method's reference page has its list ("IAM Permissions"), as that of instances.insert:
https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert.
"""

from collections.abc import Iterator, Mapping

from emulator.call import Call
from emulator.errors import GceError
from emulator.images import PROJECTS
from emulator.official import Method

_VERBS: Mapping[str, str] = {
    "insert": "create",
    "aggregatedList": "list",
    "patch": "update",
    "getFromFamily": "getFromFamily",
    "wait": "get",
    "expandIpCidrRange": "expandIpCidrRange",
}
_COLLECTIONS: Mapping[str, str] = {"globalAddresses": "globalAddresses"}


_READS_FIRST = ("firewalls.patch", "firewalls.update", "healthChecks.patch", "healthChecks.update")
"""What takes leave to read, too, since it is changed as it is found."""


def own(method: Method) -> str:
    """The permission that a method is named after: `compute.instances.create`."""
    if method.name == "disks.createSnapshot":
        return "compute.disks.createSnapshot"
    collection = _COLLECTIONS.get(method.collection, method.collection)
    return f"compute.{collection}.{_VERBS.get(method.action, method.action)}"


def needed(call: Call) -> Iterator[str]:
    """All that a request takes, in the order in which they are checked."""
    yield own(call.method)
    body, name = call.body, call.method.name
    if name in _READS_FIRST:
        yield f"compute.{call.method.collection}.get"
    if name == "instances.insert":
        yield from _of_an_instance(call)
    elif name == "disks.insert":
        yield from _of_a_disk(body)
    elif name in ("disks.createSnapshot", "snapshots.insert"):
        yield from ("compute.snapshots.create", "compute.disks.createSnapshot")
        if body.get("labels"):
            yield "compute.snapshots.setLabels"
    elif name == "instances.attachDisk":
        yield "compute.disks.use"
    elif name == "instances.addAccessConfig":
        yield "compute.subnetworks.useExternalIp"
        if body.get("natIP"):
            yield "compute.addresses.use"
    elif (
        name in ("firewalls.insert", "firewalls.delete", "firewalls.patch", "firewalls.update")
        or name == "subnetworks.insert"
    ):
        yield "compute.networks.updatePolicy"
    elif name == "addresses.insert" and body.get("addressType") == "INTERNAL":
        yield from ("compute.addresses.createInternal", "compute.subnetworks.use")


def _of_a_disk(body: dict[str, object]) -> Iterator[str]:
    if body.get("labels"):
        yield "compute.disks.setLabels"
    if body.get("sourceSnapshot"):
        yield "compute.snapshots.useReadOnly"


def _of_an_instance(call: Call) -> Iterator[str]:
    body = call.body
    for name, permission in (
        ("labels", "setLabels"),
        ("metadata", "setMetadata"),
        ("tags", "setTags"),
        ("serviceAccounts", "setServiceAccount"),
    ):
        if body.get(name):
            yield f"compute.instances.{permission}"
    for disk in body.get("disks", ()):
        yield "compute.disks.use" if disk.get("source") else "compute.disks.create"
        if (disk.get("initializeParams") or {}).get("labels"):
            yield "compute.disks.setLabels"
    for nic in body.get("networkInterfaces", ()):
        yield "compute.subnetworks.use"
        for access in nic.get("accessConfigs", ()):
            yield "compute.subnetworks.useExternalIp"
            if access.get("natIP"):
                yield "compute.addresses.use"


def check(call: Call) -> None:
    """Raises GceError for the first permission that the caller lacks. Public images are everybody's."""
    caller, project = call.caller, call.project
    if project.id in PROJECTS and call.method.verb == "GET":
        return
    stranger = caller.projects is not None and project.id not in caller.projects
    for permission in needed(call):
        for allowed in (caller.permissions, project.settings.allowed):
            if stranger or (allowed is not None and permission not in allowed):
                raise GceError(403, "forbidden", f"Required '{permission}' permission for '{_path(call)}'")


def _path(call: Call) -> str:
    place = "" if call.method.collection == "projects" else f"/{call.scope}/{call.collection}"
    name = call.name or str(call.body.get("name", ""))
    return f"projects/{call.project.id}{place}{f'/{name}' if name and place else ''}"
