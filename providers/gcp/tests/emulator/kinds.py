"""The kinds of resource that the bed keeps, and where each lives."""

from collections.abc import Mapping

from attrs import frozen


@frozen
class Kind:
    """One kind of resource."""

    collection: str
    """As in links: `instances`."""
    noun: str
    """As in messages: "The network resource …"."""
    kind: str
    """As in bodies: `compute#network`."""
    scopes: tuple[str, ...]
    """Of `global`, `regions` and `zones`."""
    status: tuple[str, str, str] = ("", "", "")
    """While it is made, once it is there, while it is deleted; empty where the kind has no status."""


KINDS: Mapping[str, Kind] = {
    kind.collection: kind
    for kind in (
        Kind("networks", "network", "compute#network", ("global",)),
        Kind("subnetworks", "subnetwork", "compute#subnetwork", ("regions",)),
        Kind("firewalls", "firewall", "compute#firewall", ("global",)),
        Kind("routes", "route", "compute#route", ("global",)),
        Kind(
            "addresses",
            "address",
            "compute#address",
            ("regions", "global"),
            ("RESERVING", "RESERVED", "RESERVED"),
        ),
        Kind("disks", "disk", "compute#disk", ("zones",), ("CREATING", "READY", "DELETING")),
        Kind("snapshots", "snapshot", "compute#snapshot", ("global",), ("CREATING", "READY", "DELETING")),
        Kind(
            "instances",
            "instance",
            "compute#instance",
            ("zones",),
            ("PROVISIONING", "RUNNING", "STOPPING"),
        ),
        Kind("healthChecks", "health check", "compute#healthCheck", ("global",)),
    )
}

COLLECTIONS: Mapping[str, str] = {
    "globalAddresses": "addresses",
    "globalOperations": "operations",
    "regionOperations": "operations",
    "zoneOperations": "operations",
}
"""Collections whose methods the document has under another name than links have."""

PLACES: Mapping[str, tuple[str, ...]] = {
    **{name: kind.scopes for name, kind in KINDS.items()},
    "disks": ("zones", "regions"),
    "machineTypes": ("zones",),
    "diskTypes": ("zones",),
    "operations": ("global", "regions", "zones"),
}
"""Collection → the scopes that an aggregated list of it goes through."""
