"""The published facts of this provider: sizes, images and limits. An entry never changes its meaning."""

import re
from collections.abc import Mapping

from attrs import frozen

from portinfra.model.catalogue import Capabilities
from portinfra_aws import actions, rates

SIZES: Mapping[str, str] = {
    "small": "t3.small",  # 2 virtual CPUs, 2 GiB
    "medium": "t3.medium",  # 2 virtual CPUs, 4 GiB
    "large": "m6i.xlarge",  # 4 virtual CPUs, 16 GiB
    "xlarge": "m6i.2xlarge",  # 8 virtual CPUs, 32 GiB
}

FAMILIES = (
    "t2", "t3", "t3a", "m4", "m5", "m5a", "m5d", "m5n", "m6a", "m6i", "m6id", "m7a", "m7i", "m7i-flex",
    "c4", "c5", "c5a", "c5d", "c5n", "c6a", "c6i", "c6id", "c7a", "c7i", "c7i-flex", "r4", "r5", "r5a", "r5b",
    "r5d", "r5n", "r6a", "r6i", "r6id", "r7a", "r7i", "x2idn", "x2iedn", "z1d", "i3", "i3en", "i4i", "d3",
)  # fmt: skip
"""Families whose machine types portinfra reads; of others, those that an environment names.

All have one architecture: that of the images.
"""

_ARM = re.compile(r"(a1|[a-z]+\d+[a-z]*g[a-z]*)\.")


def runs_images(machine_type: str) -> bool:
    """Return whether a machine type has the architecture of the images. `m7g` and `c6gn` have another."""
    return not _ARM.match(machine_type)


MEMORY_RATIOS: Mapping[str, float] = {"c": 2.0, "m": 4.0, "r": 8.0}
"""GiB of memory for each virtual CPU, by the first letter of a family."""

_BURSTABLE: Mapping[str, tuple[int, float]] = {
    "nano": (2, 0.5),
    "micro": (2, 1.0),
    "small": (2, 2.0),
    "medium": (2, 4.0),
    "large": (2, 8.0),
    "xlarge": (4, 16.0),
    "2xlarge": (8, 32.0),
}

_FIXED: Mapping[str, int] = {"medium": 1, "large": 2, "xlarge": 4}
_MULTIPLE = re.compile(r"(\d+)xlarge")


def machine(name: str) -> tuple[int, float]:
    """Return the virtual CPUs and GiB of memory of a machine type, by its name; 0 if the name does not show
    it.
    """
    family, _, size = name.partition(".")
    if family.startswith("t"):
        return _BURSTABLE.get(size, (0, 0.0))
    multiple = _MULTIPLE.fullmatch(size)
    vcpus = 4 * int(multiple[1]) if multiple else _FIXED.get(size, 0)
    return vcpus, vcpus * MEMORY_RATIOS.get(family[:1], 0.0)


VCPUS = "standard vCPUs"
STORAGE = "GiB of gp3 volumes"
"""The names of quotas in plans."""

_STANDARD = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")


def takes_standard_vcpus(machine_type: str) -> bool:
    """Return whether the quota of standard families counts a machine type: A, C, D, H, I, M, R, T, Z."""
    return bool(_STANDARD.match(machine_type))


@frozen
class Image:
    """A family of images, by the name pattern of its publisher."""

    owner: str
    """The publisher's account: other accounts can publish images with the same name."""
    pattern: str
    root: str
    """The device of the root disk."""


_DEBIAN = "136693071363"
_CANONICAL = "099720109477"

IMAGES: Mapping[str, Image] = {
    "debian-12": Image(_DEBIAN, "debian-12-amd64-*", "/dev/xvda"),
    "debian-13": Image(_DEBIAN, "debian-13-amd64-*", "/dev/xvda"),
    "ubuntu-22.04": Image(_CANONICAL, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*", "/dev/sda1"),
    "ubuntu-24.04": Image(
        _CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*", "/dev/sda1"
    ),
}

VOLUMES_PER_HOST: Mapping[str, int] = {
    **dict.fromkeys(("m7*", "c7*", "r7*"), 31),
    **{"d3.*": 2, "i3*": 18, "i4i.*": 18, "x2i*": 22, "*d.*": 22},
    "*": 26,
}
"""Pattern of a machine type → volumes besides the root disk.

From the seventh generation on, 32 attachments are for volumes alone. Before, volumes share 28 with the
network interface and the disks of the machine itself: at most 4 of the families that end in d, 8 of i3en and
i4i, 24 of d3. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html
"""

USUAL_SECONDS: Mapping[str, float] = {
    "RunInstances": 30.0,
    "StartInstances": 20.0,
    "StopInstances": 30.0,
    "TerminateInstances": 40.0,
    "CreateVolume": 5.0,
    "DeleteVolume": 5.0,
    "AttachVolume": 5.0,
    "DetachVolume": 5.0,
    "CreateSnapshot": 60.0,
    "CopySnapshot": 60.0,
}
"""Action → the usual seconds until a list shows its result. AWS publishes no times: these are assumptions of
portinfra, for a host of Linux and a small volume. No account has measured them.
"""

CAPABILITIES = Capabilities(
    rates=rates.published_rates(actions.ALL),
    usual_seconds=USUAL_SECONDS,
    visibility_seconds=15.0,  # EC2 promises "eventually"; most changes are in the lists within seconds
    user_data_max_bytes=13_312,  # of 16,384; the rest is for portinfra's additions
    volume_min_gib=1,
    volume_max_gib=16_384,
    birth_max_bytes=16_384,  # before it is encoded: API reference of RunInstances, UserData
    volumes_per_host_max=VOLUMES_PER_HOST,
    rules_max=60,  # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    tags_max=40,  # of 50; portinfra uses the rest
    tag_key_max=127,  # by EC2's API reference; its user guide says 128
    tag_value_max=256,
    tags_reserved=("aws:",),
    account_digits=12,  # https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
    network_prefix_min=16,  # and at most /28, which a network with subnets always satisfies
    # Addresses that are neither private nor publicly routable, except 100.64.0.0/10, which EC2 allows. Both
    # by https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html.
    cidrs_reserved=("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"),
    snapshot_copy=True,
    block_export=True,
)
