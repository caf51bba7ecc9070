"""The published facts of this provider: sizes, images and limits."""

import re
from collections.abc import Mapping

from portinfra.model.catalogue import Capabilities

CAPABILITIES = Capabilities(
    names_principals=False,
    visibility_seconds=0.0,
    user_data_max_bytes=262_144,
    volume_min_gib=1,
    volume_max_gib=16_384,
    tags_max=100,
    volumes_per_host_max={"*": 25},  # a guest's disks are sdb to sdz
    zonal_subnets=True,
    public_addresses=True,
    grow_volumes=True,
    resize_instances=True,
    snapshots=True,
    snapshot_copy=True,
    reads_definitions=True,  # libvirt returns the definition of a filter, not the rules in the kernel
    customer_keys=True,
)

SIZES: Mapping[str, str] = {
    "small": "c1-m1024",
    "medium": "c2-m2048",
    "large": "c2-m4096",
    "xlarge": "c4-m8192",
}
"""Logical size → machine type, with its virtual CPUs and its MiB of memory."""

IMAGES = ("debian-12", "ubuntu-24.04")

_MACHINE_TYPE = re.compile(r"c([1-9]\d*)-m([1-9]\d*)")


def machine(machine_type: str) -> tuple[int, int] | None:
    """Return the virtual CPUs and MiB of memory of a machine type; None for an invalid one."""
    found = _MACHINE_TYPE.fullmatch(machine_type)
    return (int(found[1]), int(found[2])) if found else None


def machine_type(vcpus: int, memory_mib: int) -> str:
    """Return the name of a machine type."""
    return f"c{vcpus}-m{memory_mib}"
