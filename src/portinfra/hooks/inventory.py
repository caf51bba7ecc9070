"""The inventory for hooks: the hosts of an environment as they are, in plain values."""

from typing import Any

from portinfra.model.hook import Inventory
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Attachment, Instance

SCHEMA = "portinfra.recovery-inventory/1"


def inventory(placed: Placed, there: Observation, **more: Any) -> Inventory:
    """Return the existing hosts by name, and more values for a hook."""
    volumes: dict[str, list[dict[str, str]]] = {}
    for seen in there.resources.values():
        spec = seen.spec
        if isinstance(spec, Attachment) and spec.instance and spec.volume and spec.volume in there.resources:
            volume = there.resources[spec.volume]
            volumes.setdefault(spec.instance, []).append(
                {"name": spec.volume.name, "device": spec.device, "id": volume.id}
            )
    hosts = [
        {
            "name": address.name,
            "role": placed.roles.get(address, ""),
            "zone": seen.spec.zone,
            "private_address": seen.spec.private_address,
            "id": seen.id,
            "power": seen.spec.power,
            "volumes": sorted(volumes.get(address, ()), key=lambda volume: volume["name"]),
        }
        for address, seen in sorted(there.resources.items())
        if isinstance(seen.spec, Instance)
    ]
    return {
        "schema": SCHEMA,
        "scope": str(placed.scope),
        "on": placed.environment.on,
        "hosts": hosts,
        **more,
    }
