"""Disks: where they come from, how large they are, who uses them.

https://cloud.google.com/compute/docs/disks/add-persistent-disk
"""

from typing import Any

from emulator import images
from emulator.call import Call, freeing, made, making, serves
from emulator.engine import change, settled, steady
from emulator.errors import GceError, in_use, invalid, not_found
from emulator.geography import DISK_TYPES
from emulator.links import link, malformed, name_of, parse, path_of
from emulator.project import Resource
from emulator.rules import kms
from portinfra.testing.emulator import Unserved

BLANK_GB = 500
"""The size of a standard disk for which none is given: seen on the API."""

_UNSERVED = ("sourceDisk", "sourceInstantSnapshot", "storagePool", "replicaZones", "sourceStorageObject")


@making("disks")
def has_size_and_type(call: Call, body: dict[str, Any]) -> None:
    """ "the value of sizeGb must not be less than the size of the source": the document."""
    for name in _UNSERVED:
        if body.get(name):
            raise Unserved(f"disks with {name}")
    if "sourceImage" in call.params:
        body["sourceImage"] = call.params["sourceImage"]
    body["type"] = disk_type(call, "resource.type", body.get("type") or "")
    least, most = DISK_TYPES[name_of(body["type"])]
    least = max(least, _source(call, body))
    blank = BLANK_GB if name_of(body["type"]) == "pd-standard" else 100
    given = int(body.get("sizeGb") or 0)
    if not given:
        given = least if "sourceImage" in body or "sourceSnapshot" in body else blank
    if not least <= given <= most:
        why = f"Disk size must be between {least} GB and {most} GB."
        raise invalid("resource.sizeGb", given, why)
    kms.check(call, "resource.diskEncryptionKey", body, "diskEncryptionKey")
    body["sizeGb"] = str(given)
    body["physicalBlockSizeBytes"] = str(body.get("physicalBlockSizeBytes", 4096))
    body.setdefault("enableConfidentialCompute", False)
    body.pop("options", None)


@made("disks")
def holds_what_its_snapshot_held(call: Call, disk: Resource) -> None:
    """The disk is a copy of its snapshot at first."""
    if source := disk.body.get("sourceSnapshot"):
        where = parse(call.project.id, "resource.sourceSnapshot", source, "snapshots")
        disk.data = call.refer(*where).data


def disk_type(call: Call, field: str, given: str) -> str:
    """The link of a disk type of the zone. Raises GceError where there is none."""
    if not given:
        return link(f"projects/{call.project.id}/{call.scope}/diskTypes/pd-standard")
    project, scope, collection, name = parse(call.project.id, field, given, "diskTypes")
    if scope != call.scope:
        raise invalid(field, given, f"The disk type must be in {call.scope}.")
    if name not in DISK_TYPES:
        raise not_found(f"projects/{project}/{scope}/{collection}/{name}")
    return link(f"projects/{project}/{scope}/{collection}/{name}")


def _source(call: Call, body: dict[str, Any]) -> int:
    """Notes where the disk comes from; the least size in GB that this allows."""
    if body.get("sourceImage") and body.get("sourceSnapshot"):
        raise invalid("resource.sourceImage", body["sourceImage"], "Only one source can be given.")
    if body.get("sourceImage"):
        found = image(call, "resource.sourceImage", body["sourceImage"])
        body |= {"sourceImage": found["selfLink"], "sourceImageId": found["id"]}
        for name in ("licenses", "licenseCodes", "guestOsFeatures", "architecture"):
            body[name] = found[name]
        return int(found["diskSizeGb"])
    if body.get("sourceSnapshot"):
        where = parse(call.project.id, "resource.sourceSnapshot", body["sourceSnapshot"], "snapshots")
        snapshot = settled(call.refer(*where))
        body |= {"sourceSnapshot": snapshot.link, "sourceSnapshotId": snapshot.body["id"]}
        for name in ("licenses", "licenseCodes", "guestOsFeatures", "architecture"):
            if name in snapshot.body:
                body[name] = snapshot.body[name]
        return int(snapshot.body["diskSizeGb"])
    return 1


def image(call: Call, field: str, given: str) -> dict[str, Any]:
    """The image that a link names, by name or by family. Raises GceError where there is none."""
    path = path_of(call.project.id, given)
    parts = path.split("/")
    if len(parts) < 5 or parts[2:4] != ["global", "images"]:
        raise malformed(field, given)
    if len(parts) == 6 and parts[4] == "family":
        found = images.newest(parts[1], parts[5])
    else:
        found = next((each for each in images.bodies(parts[1]) if each["name"] == parts[4]), None)
    if found is None:
        raise not_found(path)
    return found


@freeing("disks")
def disk_is_free(call: Call, disk: Resource) -> None:
    """ "You can't delete a disk that is attached to a VM": Delete disks."""
    for user in disk.body.get("users", ()):
        raise in_use("disk", disk.path, path_of(call.project.id, user))


@serves("disks.resize")
def resize(call: Call) -> dict[str, Any]:
    """ "You can only increase the size of the disk": the document."""
    disk = steady(call.target())
    wanted = int(call.body.get("sizeGb") or 0)
    most = DISK_TYPES[name_of(disk.body["type"])][1]
    if wanted <= int(disk.body["sizeGb"]) or wanted > most:
        why = f"New disk size '{wanted}' GiB must be larger than existing size '{disk.body['sizeGb']}' GiB."
        raise GceError(400, "invalid", f"Invalid value for field 'sizeGb': '{wanted}'. {why}")

    def act() -> None:
        disk.body["sizeGb"] = str(wanted)
        for each in call.project.all("instances"):
            for attached in each.body["disks"]:
                if attached["source"] == disk.link:
                    attached["diskSizeGb"] = str(wanted)

    return change(call, act, "resizeDisk")
