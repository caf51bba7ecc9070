"""Images that an environment names by path or self link, besides the families of `published.py`.

`projects/PROJECT/global/images/NAME` or `https://www.googleapis.com/compute/v1/projects/…`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from portinfra.model.environment import Environment
from portinfra_gcp.published import IMAGES, Image

USER = "portinfra"
"""The account of `ssh_keys` on an image that is not public. The guest agent creates the account."""

_PATH = re.compile(r"(?:https://[^/]+/compute/v1/)?(projects/([^/]+)/global/images/([^/]+))")

Record = Mapping[str, Any]


def names_by_project(environment: Environment) -> list[tuple[str, list[str]]]:
    """Return the projects of the images that an environment names, each with the names of its images."""
    names: dict[str, set[str]] = {}
    for match in _matches(environment).values():
        names.setdefault(match[2], set()).add(match[3])
    return [(project, sorted(names[project])) for project in sorted(names)]


def usable_images(environment: Environment, records: Iterable[Record]) -> dict[str, str]:
    """Return image in its declared form → its path, for images that exist and may start a host."""
    usable = {
        match[1]
        for record in records
        if _is_usable(record) and (match := _PATH.fullmatch(record["selfLink"]))
    }
    return {image: match[1] for image, match in _matches(environment).items() if match[1] in usable}


def image_of(name: str) -> Image | None:
    """Return the facts of an image: of a family, or of an image that is named by its path."""
    if name in IMAGES:
        return IMAGES[name]
    match = _PATH.fullmatch(name)
    if match is None:
        return None
    public = (image for image in IMAGES.values() if image.project == match[2])
    return next(public, Image(match[2], "", USER, cloud_init=False))


def _matches(environment: Environment) -> dict[str, re.Match[str]]:
    return {image: match for image in environment.own_images if (match := _PATH.fullmatch(image))}


def _is_usable(record: Record) -> bool:
    """Return whether an image may start hosts. A deprecated one still may.

    https://cloud.google.com/compute/docs/images/deprecate-custom
    """
    state = (record.get("deprecated") or {}).get("state", "ACTIVE")
    fits = record.get("architecture", "X86_64") == "X86_64" and record.get("status", "READY") == "READY"
    return fits and state in ("ACTIVE", "DEPRECATED")
