"""Where there is something, and what machines and disks are to be had: a small part of Google's world.

https://cloud.google.com/compute/docs/regions-zones
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

REGIONS: Mapping[str, str] = {
    "europe-west1": "bcd",
    "europe-west4": "abc",
    "us-central1": "abcf",
    "us-east1": "bcd",
}
"""Region → the letters of its zones."""

ZONES: Mapping[str, str] = {
    f"{region}-{letter}": region for region, letters in REGIONS.items() for letter in letters
}
"""Zone → its region."""

BORN = "1969-12-31T16:00:00.000-08:00"

_SHARED = {"e2-micro": (2, 1024), "e2-small": (2, 2048), "e2-medium": (2, 4096), "f1-micro": (1, 614)}
_FAMILIES = {
    # https://cloud.google.com/compute/docs/general-purpose-machines: MB of memory for each vCPU
    "e2-standard": (4096, (2, 4, 8, 16, 32)),
    "e2-highmem": (8192, (2, 4, 8, 16)),
    "e2-highcpu": (1024, (2, 4, 8, 16, 32)),
    "n1-standard": (3840, (1, 2, 4, 8, 16, 32, 64, 96)),
    "n2-standard": (4096, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128)),
    "n2-highmem": (8192, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128)),
    "n2d-standard": (4096, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224)),
    "c3-standard": (4096, (4, 8, 22, 44, 88, 176)),
    "t2d-standard": (4096, (1, 2, 4, 8, 16, 32, 48, 60)),
}

DISK_TYPES: Mapping[str, tuple[int, int]] = {
    "pd-standard": (1, 65536),
    "pd-balanced": (1, 65536),
    "pd-ssd": (1, 65536),
    "pd-extreme": (500, 65536),
    "hyperdisk-balanced": (4, 65536),
}
"""Disk type → the least and the most GB. Of persistent disks the schema says that "Acceptable values are
greater than 0"; https://cloud.google.com/compute/docs/disks/hyperdisks has those of Hyperdisk.
"""

PERSISTENT_MAX = 65536


@cache
def machine_types() -> dict[str, tuple[int, int]]:
    """Machine type → vCPUs and MB of memory."""
    told = dict(_SHARED)
    for family, (memory, sizes) in _FAMILIES.items():
        told |= {f"{family}-{cpus}": (cpus, cpus * memory) for cpus in sizes}
    return told


def number(text: str) -> str:
    """An id that is always the same for the same text."""
    value = 7
    for letter in text.encode():
        value = (value * 131 + letter) % 8_000_000_000_000_000_000
    return str(1_000_000_000_000_000_000 + value)


def machine_type_bodies(zone: str) -> Iterator[dict[str, Any]]:
    """What machineTypes.get tells of each."""
    for name, (cpus, memory) in machine_types().items():
        yield {
            "kind": "compute#machineType",
            "id": number(name),
            "creationTimestamp": BORN,
            "name": name,
            "description": f"{cpus} vCPUs, {memory / 1024:g} GB RAM",
            "guestCpus": cpus,
            "memoryMb": memory,
            "imageSpaceGb": 0,
            "maximumPersistentDisks": 16 if name in _SHARED else 128,
            "maximumPersistentDisksSizeGb": "3072" if name in _SHARED else "263168",
            "zone": zone,
            "isSharedCpu": name in _SHARED,
            "architecture": "X86_64",
        }


def disk_type_bodies(project_zone: str) -> Iterator[dict[str, Any]]:
    """What diskTypes.get tells of each; the argument is the link of the zone."""
    for name, (least, most) in DISK_TYPES.items():
        yield {
            "kind": "compute#diskType",
            "id": number(name),
            "creationTimestamp": BORN,
            "name": name,
            "description": name,
            "validDiskSize": f"{least}GB-{most}GB",
            "zone": project_zone,
            "defaultDiskSizeGb": "500" if name == "pd-standard" else "100",
        }
