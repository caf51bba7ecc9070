"""Where a resource is: the part of its link that follows the project, `zones/europe-west1-b/disks/db1-data`.

Compute Engine takes it wherever it takes a link of the same project, and no two resources of one project
have the same: so it is what drivers take for a native id.
"""

from collections.abc import Mapping

SINGULAR: Mapping[str, str] = {
    "addresses": "address",
    "disks": "disk",
    "firewalls": "firewall",
    "instances": "instance",
    "networks": "network",
    "snapshots": "snapshot",
    "subnetworks": "subnetwork",
}
"""Collection → what a method's path calls one of it."""


def path(link: str) -> str:
    """The path of a whole link; what is no link stays what it is."""
    _, found, rest = link.partition("/projects/")
    return rest.partition("/")[2] if found else link


def join(place: Mapping[str, str], collection: str, name: str) -> str:
    """The path of a resource in a place: `{"zone": …}`, `{"region": …}`, or none, which is global."""
    scope = next((f"{kind}s/{where}" for kind, where in place.items()), "global")
    return f"{scope}/{collection}/{name}"


def name(link: str) -> str:
    """The last part of a link or path."""
    return link.rpartition("/")[2]


def place(path: str) -> str:
    """The region or zone of a path; empty for what is global."""
    scope, _, rest = path.partition("/")
    return "" if scope == "global" else rest.partition("/")[0]


def variables(path: str) -> dict[str, str]:
    """What a method's path needs to name this one: `{"zone": …, "disk": …}`."""
    parts = path.split("/")
    named = {SINGULAR[parts[-2]]: parts[-1]}
    if len(parts) == 4:
        named[parts[0].removesuffix("s")] = parts[1]
    return named
