"""Disks on instances.

https://cloud.google.com/compute/docs/disks/attach-disks
"""

from typing import Any

from emulator.call import Call, serves
from emulator.engine import change, make, ready, settled, steady
from emulator.errors import GceError, in_use, invalid
from emulator.links import name_of, parse, path_of
from emulator.project import Resource, timestamp
from portinfra.testing.emulator import Unserved

MOST = 128
"""https://cloud.google.com/compute/docs/disks#pdnumberlimits; 16 for machines of a shared core."""

SHARED_CORES = ("e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small")

_INITIAL = ("sourceImage", "sourceSnapshot", "labels", "description", "provisionedIops", "resourcePolicies")


def complete(call: Call, body: dict[str, Any]) -> list[Resource]:
    """Completes the disks of an instance that is to be made; the disks that are made with it."""
    disks = body.get("disks", [])
    if not disks:
        raise invalid("resource.disks", "", "At least one disk is required.")
    if not any(disk.get("boot") for disk in disks):
        disks[0]["boot"] = True
    if not disks[0]["boot"] or sum(bool(disk.get("boot")) for disk in disks) > 1:
        raise invalid("resource.disks[0].boot", "false", "Boot disk must be the first disk.")
    _check_devices(disks)
    made = []
    try:
        for at, disk in enumerate(disks):
            where = f"resource.disks[{at}]"
            if disk.get("initializeParams") is not None:
                held = _born_with(call, where, disk, body["name"])
                made.append(held)
            else:
                held = _existing(call, where, disk)
            disks[at] = _attached(disk, held, at)
    except GceError:
        for each in made:
            call.project.drop(each)
        raise
    return made


def _check_devices(disks: list[dict[str, Any]]) -> None:
    names = [disk["deviceName"] for disk in disks if disk.get("deviceName")]
    for name in names:
        if names.count(name) > 1:
            raise invalid("resource.disks", name, f"The device name '{name}' is used more than once.")


def _born_with(call: Call, where: str, disk: dict[str, Any], host: str) -> Resource:
    """A disk of initializeParams, "the default is to use the name of the instance".

    The document goes on that a disk that has the name already would be attached instead; what Compute Engine
    does is refuse, with 409: https://github.com/hashicorp/terraform/issues/7998.
    """
    if disk.get("source"):
        raise invalid(
            f"{where}.source", disk["source"], "Only one of source and initializeParams is allowed."
        )
    if disk.get("type", "PERSISTENT") != "PERSISTENT":
        raise Unserved("scratch disks")
    initial = disk.pop("initializeParams")
    body = {name: initial[name] for name in _INITIAL if initial.get(name)}
    body["name"] = initial.get("diskName") or (host if disk.get("boot") else f"{host}-{where[-2]}")
    if initial.get("diskSizeGb"):
        body["sizeGb"] = initial["diskSizeGb"]
    if initial.get("diskType"):
        body["type"] = initial["diskType"]
    if disk.get("diskEncryptionKey"):
        body["diskEncryptionKey"] = disk["diskEncryptionKey"]
    if disk.get("boot") and not any(body.get(name) for name in ("sourceImage", "sourceSnapshot")):
        raise invalid(f"{where}.initializeParams.sourceImage", "", "A boot disk needs an image.")
    return make(call, "disks", call.scope, body)


def _existing(call: Call, where: str, disk: dict[str, Any]) -> Resource:
    """A disk that is there already. Raises GceError where it cannot be had."""
    if not disk.get("source"):
        raise invalid(f"{where}.source", "", "One of source and initializeParams is required.")
    project, scope, collection, name = parse(call.project.id, f"{where}.source", disk["source"], "disks")
    if scope != call.scope:
        why = f"Disk must be in the same zone as the instance, {call.scope}."
        raise invalid(f"{where}.source", disk["source"], why)
    held = settled(call.refer(project, scope, collection, name))
    users = held.body.get("users", [])
    read_only = disk.get("mode") == "READ_ONLY"
    if users and not (read_only and _read_only_everywhere(call, held)):
        # "a disk can be attached to several VMs in read-only mode only"
        raise in_use("disk", held.path, path_of(call.project.id, users[0]))
    return held


def _read_only_everywhere(call: Call, disk: Resource) -> bool:
    return all(
        attached.get("mode") == "READ_ONLY"
        for each in call.project.all("instances")
        for attached in each.body["disks"]
        if attached["source"] == disk.link
    )


def _attached(disk: dict[str, Any], held: Resource, index: int) -> dict[str, Any]:
    boot = bool(disk.get("boot"))
    told: dict[str, Any] = {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": disk.get("mode") or "READ_WRITE",
        "source": held.link,
        "deviceName": disk.get("deviceName") or f"persistent-disk-{index}",
        "index": index,
        "boot": boot,
        # "Specifies whether the disk will be auto-deleted when the instance is deleted"
        "autoDelete": bool(disk.get("autoDelete", False)),
        "interface": disk.get("interface") or "SCSI",
        "diskSizeGb": held.body["sizeGb"],
    }
    for name in ("licenses", "guestOsFeatures", "architecture", "diskEncryptionKey"):
        if name in held.body:
            told[name] = held.body[name]
    return told


def occupy(call: Call, instance: Resource) -> None:
    """The disks of an instance are its own from now on."""
    for attached in instance.body["disks"]:
        _use(call, attached, instance)


def _use(call: Call, attached: dict[str, Any], instance: Resource) -> None:
    disk = call.project.books["disks"][instance.scope, name_of(attached["source"])]
    disk.body.setdefault("users", []).append(instance.link)
    disk.body["lastAttachTimestamp"] = timestamp(call.now)
    call.project.touch(disk)


def release(call: Call, instance: Resource, attached: dict[str, Any]) -> Resource | None:
    """An instance has let go of a disk; the disk."""
    disk = call.project.books["disks"].get((instance.scope, name_of(attached["source"])))
    if disk is not None and instance.link in disk.body.get("users", ()):
        disk.body["users"].remove(instance.link)
        if not disk.body["users"]:
            del disk.body["users"]
        disk.body["lastDetachTimestamp"] = timestamp(call.now)
        call.project.touch(disk)
    return disk


@serves("instances.attachDisk")
def attach(call: Call) -> dict[str, Any]:
    """ "The disk must be in the same zone as the instance": Attach a non-boot disk to a VM."""
    instance = steady(call.target())
    given = dict(call.body)
    if given.get("initializeParams"):
        raise Unserved("making a disk while attaching it")
    if given.get("boot"):
        raise Unserved("attaching a boot disk")
    disks = instance.body["disks"]
    if given.get("deviceName") in [each["deviceName"] for each in disks]:
        why = "The specified device name is in use."
        raise invalid("deviceName", given["deviceName"], why)
    if len(disks) >= (16 if name_of(instance.body["machineType"]) in SHARED_CORES else MOST):
        raise GceError(400, "limitExceeded", "Exceeded the maximum number of attached disks.")
    held = _existing(call, "resource", given)
    index = next(at for at in range(MOST + 1) if at not in [each["index"] for each in disks])
    attached = _attached(given, held, index)
    _use(call, attached, instance)
    return change(call, lambda: disks.append(attached))


@serves("instances.detachDisk")
def detach(call: Call) -> dict[str, Any]:
    """ "You can detach a boot disk only from a stopped VM": Detach and reattach boot disks."""
    instance = steady(call.target())
    wanted = call.params["deviceName"]
    disks = instance.body["disks"]
    attached = next((each for each in disks if each["deviceName"] == wanted), None)
    if attached is None:
        why = f"No attached disk found with device name '{wanted}'."
        raise GceError(400, "invalid", f"Invalid value for field 'deviceName': '{wanted}'. {why}")
    if attached["boot"] and instance.body["status"] != "TERMINATED":
        message = "Detaching boot disk is allowed only when instance is in TERMINATED state."
        raise GceError(400, "invalidResourceUsage", f"Invalid resource usage: '{message}'.")

    def act() -> None:
        if attached in disks:
            disks.remove(attached)
            release(call, instance, attached)

    return change(call, act)


def born(call: Call, disks: list[Resource]) -> None:
    """Disks that were made with an instance are there."""
    for disk in disks:
        ready(call, disk)
        call.project.touch(disk)
