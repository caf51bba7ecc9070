"""Instances: how they are made, stopped, changed and deleted.

https://cloud.google.com/compute/docs/instances/instance-lifecycle
"""

from typing import Any

from emulator import operations
from emulator.call import Call, freeing, gone, serves
from emulator.engine import change, leave, make, ready, stay, steady, vanish
from emulator.errors import GceError, invalid, not_found
from emulator.geography import machine_types
from emulator.links import link, parse
from emulator.project import Resource, timestamp
from emulator.rules import attachments, capacity, interfaces, metadata, tags
from portinfra.testing.emulator import Unserved

_UNSERVED = (
    "guestAccelerators", "instanceEncryptionKey", "confidentialInstanceConfig", "sourceMachineImage",
    "networkPerformanceConfig", "advancedMachineFeatures", "minCpuPlatform", "hostname",
)  # fmt: skip


def machine_type(call: Call, field: str, given: str) -> str:
    """The link of a machine type of the zone. Raises GceError where there is none."""
    project, scope, collection, name = parse(call.project.id, field, given, "machineTypes")
    if scope != call.scope:
        raise invalid(field, given, f"The machine type must be in {call.scope}.")
    if "custom" in name:
        raise Unserved("custom machine types")
    if name not in machine_types():
        raise not_found(f"projects/{project}/{scope}/{collection}/{name}")
    return link(f"projects/{project}/{scope}/{collection}/{name}")


@serves("instances.insert")
def insert(call: Call) -> dict[str, Any]:
    """With its disks; what goes wrong later is told by the operation, and leaves nothing."""
    if "sourceInstanceTemplate" in call.params or "sourceMachineImage" in call.params:
        raise Unserved("instances from templates or machine images")
    body = call.body
    for name in _UNSERVED:
        if body.get(name):
            raise Unserved(f"instances with {name}")
    body["machineType"] = machine_type(call, "resource.machineType", body.get("machineType", ""))
    # first what is refused without any trace
    _complete(call, body)
    refused = interfaces.complete(call, body) or capacity.missing(call, body["machineType"])
    disks = attachments.complete(call, body)
    try:
        instance = make(call, "instances", call.scope, body)
    except GceError:
        for disk in disks:
            call.project.drop(disk)
        raise
    over = next((each.refused for each in (instance, *disks) if each.refused), None)
    error = refused or over or (call.project.fates.pop(0) if call.project.fates else None)
    if error:
        instance.state = "doomed"
    attachments.occupy(call, instance)
    if not error:
        interfaces.occupy_all(call.project, instance)
    for disk in disks:
        call.project.touch(disk)

    def finish() -> None:
        attachments.born(call, disks)
        ready(call, instance)

    def fail() -> None:
        for attached in instance.body["disks"]:
            attachments.release(call, instance, attached)
        for disk in disks:
            call.project.drop(disk)
        interfaces.release_all(call.project, instance)
        call.project.drop(instance)

    return operations.begin(call, instance, finish, error, fail)


def _complete(call: Call, body: dict[str, Any]) -> None:
    metadata.complete(body)
    tags.complete(body)
    body.setdefault("description", "")
    body.setdefault("canIpForward", False)
    body.setdefault("deletionProtection", False)
    if len(body.get("serviceAccounts", ())) > 1:
        raise invalid("resource.serviceAccounts", "", "At most one service account can be given.")
    shielded = body.setdefault("shieldedInstanceConfig", {})
    # "By default, vTPM and integrity monitoring are on, Secure Boot is off": Shielded VM
    shielded.setdefault("enableSecureBoot", False)
    shielded.setdefault("enableVtpm", True)
    shielded.setdefault("enableIntegrityMonitoring", shielded["enableVtpm"])
    body["shieldedInstanceIntegrityPolicy"] = {"updateAutoLearnPolicy": True}
    scheduling = body.setdefault("scheduling", {})
    scheduling.setdefault("automaticRestart", True)
    scheduling.setdefault("onHostMaintenance", "MIGRATE")
    scheduling.setdefault("preemptible", False)
    scheduling.setdefault("provisioningModel", "STANDARD")
    body |= {
        "cpuPlatform": "Unknown CPU Platform",
        "startRestricted": False,
        "lastStartTimestamp": timestamp(call.now),
        "fingerprint": "",
    }


@freeing("instances")
def is_not_protected(call: Call, instance: Resource) -> None:
    """https://cloud.google.com/compute/docs/instances/preventing-accidental-vm-deletion."""
    if instance.body["deletionProtection"]:
        message = (
            "Resource cannot be deleted if it's protected against deletion. "
            "To delete this resource, remove deletion protection"
        )
        raise GceError(400, "invalidResourceUsage", f"Invalid resource usage: '{message}.'.")


@serves("instances.delete")
def delete(call: Call) -> dict[str, Any]:
    """With the disks that are to be deleted with it."""
    instance = steady(call.target())
    is_not_protected(call, instance)
    leave(instance)
    return operations.begin(call, instance, lambda: vanish(call, instance), fail=lambda: stay(instance))


@gone("instances")
def what_it_had_is_free(call: Call, instance: Resource) -> None:
    """Its addresses and disks; "auto-deleted when the instance is deleted": the document, autoDelete."""
    interfaces.release_all(call.project, instance)
    for attached in instance.body["disks"]:
        disk = attachments.release(call, instance, attached)
        if disk is not None and attached["autoDelete"] and not disk.body.get("users"):
            call.project.drop(disk)


@serves("instances.stop")
def stop(call: Call) -> dict[str, Any]:
    """STOPPING, then TERMINATED; it keeps its disks, and its addresses."""
    instance = steady(call.target())
    if instance.body["status"] == "SUSPENDED":  # "You can resume the VM or delete it": the life cycle
        raise GceError(400, "resourceNotReady", f"The resource '{instance.path}' is not ready")
    if instance.state == "ready" and instance.body["status"] == "RUNNING":
        instance.body["status"] = "STOPPING"

    def act() -> None:
        instance.body["status"] = "TERMINATED"
        instance.body["lastStopTimestamp"] = timestamp(call.now)

    return change(call, act)


@serves("instances.start")
def start(call: Call) -> dict[str, Any]:
    """ "You can start a stopped VM that is in the TERMINATED state"; a zone may have no machine to give."""
    instance = steady(call.target())
    before = instance.body["status"]
    if before == "RUNNING":
        return change(call, lambda: None)
    if before != "TERMINATED":
        raise GceError(400, "resourceNotReady", f"The resource '{instance.path}' is not ready")
    error = capacity.missing(call, instance.body["machineType"])
    instance.body["status"] = "PROVISIONING"

    def act() -> None:
        instance.body["status"] = "RUNNING"
        instance.body["lastStartTimestamp"] = timestamp(call.now)

    def fail() -> None:
        instance.body["status"] = "TERMINATED"

    return operations.begin(call, instance, act, error, fail)


@serves("instances.suspend")
def suspend(call: Call) -> dict[str, Any]:
    """ "Suspends a running instance": SUSPENDING, then SUSPENDED."""
    instance = steady(call.target())
    if instance.body["status"] != "RUNNING":
        raise GceError(400, "resourceNotReady", f"The resource '{instance.path}' is not ready")
    instance.body["status"] = "SUSPENDING"
    return change(call, lambda: instance.body.update(status="SUSPENDED"))


@serves("instances.resume")
def resume(call: Call) -> dict[str, Any]:
    """ "Resumes an instance that was suspended"; a zone may have no machine to give."""
    instance = steady(call.target())
    if instance.body["status"] != "SUSPENDED":
        raise GceError(400, "resourceNotReady", f"The resource '{instance.path}' is not ready")
    error = capacity.missing(call, instance.body["machineType"])
    instance.body["status"] = "PROVISIONING"
    running, suspended = {"status": "RUNNING"}, {"status": "SUSPENDED"}
    return operations.begin(
        call,
        instance,
        lambda: instance.body.update(running),
        error,
        lambda: instance.body.update(suspended),
    )


@serves("instances.setMachineType")
def set_machine_type(call: Call) -> dict[str, Any]:
    """ "Changes the machine type for a stopped instance": the document."""
    instance = steady(call.target())
    wanted = machine_type(call, "machineType", call.body.get("machineType", ""))
    if instance.body["status"] != "TERMINATED":
        message = "The machine type can only be changed while the instance is in TERMINATED state"
        raise GceError(400, "invalidResourceUsage", f"Invalid resource usage: '{message}.'.")
    return change(call, lambda: instance.body.update(machineType=wanted))


@serves("instances.setDeletionProtection")
def set_protection(call: Call) -> dict[str, Any]:
    """ "The default is true": the parameter deletionProtection."""
    instance = steady(call.target())
    wanted = call.params.get("deletionProtection", True)
    return change(call, lambda: instance.body.update(deletionProtection=wanted))


@serves("instances.setDiskAutoDelete")
def set_auto_delete(call: Call) -> dict[str, Any]:
    """Of the disk with a device name."""
    instance = steady(call.target())
    name = call.params["deviceName"]
    found = [each for each in instance.body["disks"] if each["deviceName"] == name]
    if not found:
        raise invalid("deviceName", name, "No attached disk found with this device name.")
    return change(call, lambda: found[0].update(autoDelete=call.params["autoDelete"]))
