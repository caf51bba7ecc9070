"""The path of a resource: the part of its link after the project, `zones/europe-west1-b/disks/db1-data`.

It is unique in a project, so drivers use it as the native id. A request contains the full name: see
`in_full`.
"""

import re
from collections.abc import Mapping
from typing import Any

SINGULAR: Mapping[str, str] = {
    "addresses": "address",
    "disks": "disk",
    "firewalls": "firewall",
    "instances": "instance",
    "networks": "network",
    "snapshots": "snapshot",
    "subnetworks": "subnetwork",
}
"""Collection → the name of one of its members in a method's path."""


def path(link: str) -> str:
    """Return the path of a full link; any other text unchanged."""
    _, found, rest = link.partition("/projects/")
    return rest.partition("/")[2] if found else link


def join(place: Mapping[str, str], collection: str, name: str) -> str:
    """Return the path of a resource in a place: `{"zone": …}`, `{"region": …}`, or empty for global."""
    scope = next((f"{kind}s/{where}" for kind, where in place.items()), "global")
    return f"{scope}/{collection}/{name}"


def name(link: str) -> str:
    """Return the last part of a link or path."""
    return link.rpartition("/")[2]


def place(path: str) -> str:
    """Return the region or zone of a path; empty for a global one."""
    scope, _, rest = path.partition("/")
    return "" if scope == "global" else rest.partition("/")[0]


def variables(path: str) -> dict[str, str]:
    """Return the variables of a method's path for this resource: `{"zone": …, "disk": …}`."""
    parts = path.split("/")
    named = {SINGULAR[parts[-2]]: parts[-1]}
    if len(parts) == 4:
        named[parts[0].removesuffix("s")] = parts[1]
    return named


_PARTIAL = re.compile(r"(?:global|(?:zones|regions)/[^/]+)/[A-Za-z]+/[^/]+\Z")

_LINKS = frozenset(
    {
        "diskType",
        "machineType",
        "network",
        "source",
        "sourceImage",
        "sourceSnapshot",
        "subnetwork",
        "type",
    }
)
"""The fields of bodies that name a resource."""


def in_full(project: str, body: Any) -> Any:
    """Return a body in which every path is a full resource name, `projects/acme/zones/z/disks/d`.

    For some fields the reference promises no shorter form: `Subnetwork.network`, `Disk.type`.
    """
    if isinstance(body, list):
        return [in_full(project, each) for each in body]
    if not isinstance(body, Mapping):
        return body
    return {
        name: f"projects/{project}/{value}" if _is_partial(name, value) else in_full(project, value)
        for name, value in body.items()
    }


def _is_partial(name: str, value: Any) -> bool:
    return name in _LINKS and isinstance(value, str) and _PARTIAL.match(value) is not None
