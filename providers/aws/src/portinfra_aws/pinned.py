"""Images that an environment names by their id, `ami-…`, besides the families of `published.py`.

A launch must name the device of the root disk. Only the image itself has this fact. So the id of a pinned
image includes the device: `ami-0a1b2c3d4e5f60012 /dev/xvda`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from portinfra.model.environment import Environment
from portinfra.model.resources import Instance
from portinfra_aws.published import IMAGES

PREFIX = "ami-"

Record = Mapping[str, Any]


def list_ids(environment: Environment) -> list[str]:
    """Return the ids of the images that an environment names, sorted."""
    return sorted({image for image in environment.own_images if is_pinned(image)})


def is_pinned(image: str) -> bool:
    """Return whether this is the id of an image, not the name of a family."""
    return image.startswith(PREFIX)


def usable_images(records: Iterable[Record], ids: Iterable[str]) -> dict[str, str]:
    """Return id → id with root device, for the images that exist."""
    wanted = set(ids)
    return {record["imageId"]: _with_root(record) for record in records if record["imageId"] in wanted}


def image_id(image: str, record: Record) -> str:
    """Return the id of the image of a host, in the form of the catalogue."""
    return _with_root(record) if is_pinned(image) else str(record["imageId"])


def has_root(want: Instance) -> bool:
    """Return whether the root device of an image that is named by its id is known."""
    return is_pinned(want.image) and " " in want.image_id


def image_and_root(want: Instance) -> tuple[str, str]:
    """Return the id of the image of a new host, and the device of its root disk."""
    ami, _, root = want.image_id.partition(" ")
    return ami, root or IMAGES[want.image].root


def _with_root(record: Record) -> str:
    return f"{record['imageId']} {record.get('rootDeviceName', '')}"
