"""The offers of the simulator: zones, machine types, images, quotas."""

from typing import Any

from portinfra.testing.fake.account_records import QUOTAS, Answer, Book, Given

MACHINE_TYPES = {
    "f1.small": (1, 2.0),
    "f1.medium": (2, 4.0),
    "f1.large": (4, 16.0),
    "f1.xlarge": (8, 32.0),
}
"""Name → virtual CPUs and GiB of memory."""

SIZES = {"small": "f1.small", "medium": "f1.medium", "large": "f1.large", "xlarge": "f1.xlarge"}

IMAGES = {
    "debian-12-v1": "debian-12",
    "debian-12-v2": "debian-12",
    "debian-12-v3": "debian-12",
    "ubuntu-24.04-v1": "ubuntu-24.04",
    "ubuntu-24.04-v2": "ubuntu-24.04",
}
"""Image id → its family; a later one is newer."""


def images(book: Book) -> dict[str, Any]:
    """Return image id → its family, with the images that a test published."""
    return {**IMAGES, **book.settings("images")}


def list_images(book: Book, given: Given) -> Answer:
    """Return every image, the oldest of a family first."""
    return {"images": [{"id": id, "family": family} for id, family in images(book).items()]}


def describe_region(book: Book, given: Given) -> Answer:
    """Return the account of the credentials, and the zones, machine types and quotas of the region."""
    limits = {**QUOTAS, **book.settings("quotas")}
    return {
        "account": book.account,
        "region": book.place,
        "zones": list(book.zones),
        "machine_types": [
            {"name": name, "vcpus": vcpus, "memory_gib": memory, "zones": list(book.zones)}
            for name, (vcpus, memory) in MACHINE_TYPES.items()
        ],
        "quotas": [
            {"kind": kind, "limit": limit, "used": book.count(kind)} for kind, limit in limits.items()
        ],
    }
