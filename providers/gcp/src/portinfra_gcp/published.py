"""The published facts of this provider: sizes, images and limits. An entry never changes its meaning."""

from collections.abc import Mapping

from attrs import frozen

from portinfra.model.catalogue import Capabilities
from portinfra_gcp import rates

SIZES: Mapping[str, str] = {
    "small": "e2-small",  # 2 shared virtual CPUs, 2 GiB
    "medium": "e2-medium",  # 2 shared virtual CPUs, 4 GiB
    "large": "e2-standard-4",  # 4 virtual CPUs, 16 GiB
    "xlarge": "e2-standard-8",  # 8 virtual CPUs, 32 GiB
}

FAMILIES = ("e2", "n1", "n2", "n2d", "c3", "t2d")
"""Families whose machine types portinfra reads; of others, those that an environment names.

All have one architecture, that of the images, and support a balanced persistent disk.
"""

DISK_TYPE = "pd-balanced"

SSD = "SSD_TOTAL_GB"
"""The quota that counts balanced disks, with all other disks on SSDs."""


@frozen
class Image:
    """A family of images, by the name of its publisher."""

    project: str
    family: str
    user: str
    """The account for the keys of `ssh_keys`."""
    cloud_init: bool
    """Whether it reads `user-data`. Images without cloud-init run only a `startup-script`."""


IMAGES: Mapping[str, Image] = {
    "debian-12": Image("debian-cloud", "debian-12", "debian", cloud_init=False),
    "debian-13": Image("debian-cloud", "debian-13", "debian", cloud_init=False),
    "ubuntu-22.04": Image("ubuntu-os-cloud", "ubuntu-2204-lts", "ubuntu", cloud_init=True),
    "ubuntu-24.04": Image("ubuntu-os-cloud", "ubuntu-2404-lts-amd64", "ubuntu", cloud_init=True),
}

USUAL_SECONDS: Mapping[str, float] = {
    "networks.insert": 10.0,
    "networks.delete": 15.0,
    "subnetworks.insert": 15.0,
    "subnetworks.delete": 15.0,
    "firewalls.insert": 5.0,
    "firewalls.delete": 5.0,
    "disks.insert": 5.0,
    "disks.delete": 5.0,
    "disks.createSnapshot": 60.0,
    "instances.insert": 20.0,
    "instances.start": 20.0,
    "instances.stop": 45.0,
    "instances.delete": 45.0,
    "instances.attachDisk": 5.0,
    "instances.detachDisk": 5.0,
}
"""Method → the usual seconds until its operation is done. Google publishes no times: these are assumptions of
portinfra, for a host of Linux and a small disk. No account has measured them.
"""

CAPABILITIES = Capabilities(
    rates=rates.published_rates(),
    usual_seconds=USUAL_SECONDS,
    visibility_seconds=5.0,  # no list of resources shows an operation that is queued
    user_data_max_bytes=256 * 1024 - 4096,  # of a value's 256 KiB; portinfra uses the rest
    volume_min_gib=1,
    volume_max_gib=65_536,
    # "The total size of a key's value can't exceed 256 KiB": https://cloud.google.com/compute/docs/metadata
    birth_max_bytes=256 * 1024,
    # 128 disks, 16 of a machine that shares a core, the boot disk among them:
    # https://cloud.google.com/compute/docs/disks#pdnumberlimits
    volumes_per_host_max={
        **dict.fromkeys(("e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small"), 15),
        "*": 127,
    },
    # Ranges of a rule. More than thirty roles become ranges, too:
    # https://cloud.google.com/firewall/docs/quotas
    rule_peers_max=5000,
    mark_text_max=1536,  # of the 2,048 characters of a description; the owner takes the rest
    tags_max=40,  # of 64 labels; portinfra uses the rest
    tag_key_max=63,  # https://cloud.google.com/compute/docs/labeling-resources
    tag_value_max=63,
    tags_reserved=("goog-",),
    snapshot_copy=False,  # a snapshot works in every region as it is
)
