"""Snapshots: of what, and where they are stored.

https://cloud.google.com/compute/docs/disks/create-snapshots
"""

from typing import Any

from emulator import geography
from emulator.call import Call, making, serves
from emulator.engine import begin_making, make, settled
from emulator.errors import invalid
from emulator.links import parse, region_of
from emulator.project import Resource
from emulator.rules import kms


@serves("disks.createSnapshot")
def create_snapshot(call: Call) -> dict[str, Any]:
    """A snapshot of the disk that the path names; the operation is the zone's, and names the disk."""
    disk = settled(call.target())
    snapshot = make(call, "snapshots", "global", call.body | {"sourceDisk": disk.link})
    told = begin_making(call, snapshot, "createSnapshot", disk)
    _capture_later(call, snapshot, disk)
    return told


@serves("snapshots.insert")
def insert(call: Call) -> dict[str, Any]:
    """A snapshot of the disk that the body names."""
    snapshot = make(call, "snapshots", "global", call.body)
    told = begin_making(call, snapshot)
    _capture_later(call, snapshot, call.refer(*_source(call, snapshot.body)))
    return told


def _capture_later(call: Call, snapshot: Resource, disk: Resource) -> None:
    """Let the snapshot be CREATING for half of its operation, then capture its disk and be UPLOADING.

    "CREATING: Snapshot creation is in progress. UPLOADING: Snapshot is being uploaded":
    https://cloud.google.com/dotnet/docs/reference/Google.Cloud.Compute.V1/latest/Google.Cloud.Compute.V1.Snapshot.Types.Status
    """
    assert call.operation is not None

    def capture() -> None:
        snapshot.data = disk.data
        if snapshot.state == "making":
            snapshot.body["status"] = "UPLOADING"
            call.project.touch(snapshot)

    call.project.later((call.operation.started + call.operation.ends) / 2, capture)


def _source(call: Call, body: dict[str, Any]) -> tuple[str, str, str, str]:
    return parse(call.project.id, "resource.sourceDisk", body["sourceDisk"], "disks")


@making("snapshots")
def is_of_a_disk(call: Call, body: dict[str, Any]) -> None:
    """ "If you don't specify a storage location, […] the closest multi-region": Create snapshots."""
    if "sourceDisk" not in body:
        raise invalid("resource.sourceDisk", "", "The source disk is required.")
    disk: Resource = settled(call.refer(*_source(call, body)))
    region = region_of(disk.scope)
    locations = body.get("storageLocations") or [region.partition("-")[0].replace("europe", "eu")]
    for place in locations:
        if place not in ("us", "eu", "asia", *geography.REGIONS):
            raise invalid("resource.storageLocations", place, "The storage location is not valid.")
    if len(locations) > 1:
        raise invalid("resource.storageLocations", locations, "At most one location can be given.")
    kms.check(call, "resource.snapshotEncryptionKey", body, "snapshotEncryptionKey")
    key = disk.body.get("diskEncryptionKey")
    if key:
        # "Snapshots of disks that are protected by a key are protected by the same key"
        body.setdefault("snapshotEncryptionKey", dict(key))
        body["sourceDiskEncryptionKey"] = dict(key)
    body.setdefault("snapshotType", "STANDARD")
    body |= {
        "sourceDisk": disk.link,
        "sourceDiskId": disk.body["id"],
        "diskSizeGb": disk.body["sizeGb"],
        "storageBytes": "0",
        "storageBytesStatus": "UP_TO_DATE",
        "storageLocations": locations,
        "autoCreated": False,
        "downloadBytes": "0",
    }
    for name in ("licenses", "licenseCodes", "guestOsFeatures", "architecture"):
        if name in disk.body:
            body[name] = disk.body[name]
