from typing import Any

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import Instance
from portinfra.provider.interface import Names, NextCall, Refs

from .common import Record, ToyDriver

POWER = {"running": "ON", "stopped": "OFF"}


class InstanceDriver(ToyDriver[Instance]):
    spec = Instance
    collection = "servers"
    fields = (
        ("subnet", "subnet"),
        ("firewall", "firewall"),
        ("zone", "zone"),
        ("private_address", "ip"),
        ("machine_type", "machine"),
        ("disk_gib", "gib"),
    )
    replaces = frozenset({"subnet", "zone", "private_address", "image", "disk_gib", "key", "native"})
    interrupts = frozenset({"machine_type"})
    holds = frozenset({"subnet", "firewall"})  # a firewall cannot be deleted while a server has it

    def read(self, record: Record, names: Names) -> Instance:
        return evolve(
            super().read(record, names),
            image=record["image"].rpartition("-v")[0],
            image_id=record["image"],
            power="running" if record["power"] == "ON" else "stopped",
            birth=record["labels"]["birth"],
        )

    def body(self, spec: Instance, refs: Refs) -> dict[str, Any]:
        return {**super().body(spec, refs), "power": POWER[spec.power]}

    def birth(self, want: Instance, refs: Refs) -> dict[str, Any]:
        return {"image": want.image_id, "keys": list(want.ssh_keys), "boot": want.user_data}

    def update(self, want: Instance, seen: Observed[Instance], refs: Refs) -> NextCall:
        """A machine is changed while it is off; the change itself turns it on again, if that is wanted."""
        if want.machine_type != seen.spec.machine_type and seen.spec.power == "running":
            return self.patch(evolve(seen.spec, power="stopped"), seen, {"power": "OFF"})
        return super().update(want, seen, refs)
