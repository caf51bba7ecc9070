"""Public images, in families whose newest member is the one that counts.

https://cloud.google.com/compute/docs/images/image-families-best-practices: "The image family always points to
the most recent image in that family that is not deprecated."
"""

from collections.abc import Mapping
from typing import Any

from emulator.geography import number
from emulator.links import link

_UEFI = [{"type": kind} for kind in ("UEFI_COMPATIBLE", "VIRTIO_SCSI_MULTIQUEUE", "GVNIC")]

# project → (name, family, GB, made, deprecated)
_IMAGES: Mapping[str, tuple[tuple[str, str, int, str, bool], ...]] = {
    "debian-cloud": (
        ("debian-11-bullseye-v20251209", "debian-11", 10, "2025-12-09", False),
        ("debian-12-bookworm-v20251111", "debian-12", 10, "2025-11-11", True),
        ("debian-12-bookworm-v20251209", "debian-12", 10, "2025-12-09", False),
        ("debian-13-trixie-v20251209", "debian-13", 10, "2025-12-09", False),
    ),
    "ubuntu-os-cloud": (
        ("ubuntu-2204-jammy-v20251023", "ubuntu-2204-lts", 10, "2025-10-23", False),
        ("ubuntu-2404-noble-amd64-v20251001", "ubuntu-2404-lts-amd64", 10, "2025-10-01", True),
        ("ubuntu-2404-noble-amd64-v20251217", "ubuntu-2404-lts-amd64", 10, "2025-12-17", False),
    ),
}

PROJECTS = tuple(_IMAGES)


def bodies(project: str) -> list[dict[str, Any]]:
    """What images.get tells of each image of a public project."""
    return [_body(project, *each) for each in _IMAGES.get(project, ())]


def _body(project: str, name: str, family: str, gigabytes: int, made: str, old: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": "compute#image",
        "id": number(name),
        "creationTimestamp": f"{made}T05:42:11.000-08:00",
        "name": name,
        "description": f"{family}, amd64 built on {made}",
        "sourceType": "RAW",
        "status": "READY",
        "archiveSizeBytes": str(gigabytes * 150_000_000),
        "diskSizeGb": str(gigabytes),
        "family": family,
        "licenses": [link(f"projects/{project}/global/licenses/{family}")],
        "licenseCodes": [number(family)],
        "guestOsFeatures": [dict(each) for each in _UEFI],
        "architecture": "X86_64",
        "storageLocations": ["us", "eu", "asia"],
        "labelFingerprint": "42WmSpB8rSM=",
        "selfLink": link(f"projects/{project}/global/images/{name}"),
    }
    if old:
        told["deprecated"] = {"state": "DEPRECATED"}
    return told


def newest(project: str, family: str) -> dict[str, Any] | None:
    """The newest image of a family that is not deprecated."""
    found = [each for each in bodies(project) if each["family"] == family and "deprecated" not in each]
    return max(found, key=lambda each: each["creationTimestamp"], default=None)
