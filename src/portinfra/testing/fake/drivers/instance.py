"""Instances."""

from typing import Any, ClassVar

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Instance, Power
from portinfra.provider.interface import Names, NextCall, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark

_SENT = (
    "zone",
    "private_address",
    "machine_type",
    "image_id",
    "disk_gib",
    "key",
    "native",
    "user_data",
    "ends_after",
)


class InstanceDriver(FakeDriver[Instance]):
    """The driver of hosts. A machine type changes only while the host is stopped."""

    spec = Instance
    noun = "Instance"
    plural = "Instances"
    zonal = True
    inside: ClassVar[tuple[str, ...]] = ("subnet", "network")
    replaces: frozenset[str] = frozenset(
        {"subnet", "zone", "private_address", "image", "disk_gib", "key", "native"}
    )
    interrupts: frozenset[str] = frozenset({"machine_type"})
    holds: frozenset[str] = frozenset({"subnet", "firewall"})

    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Instance:
        """Return the spec of the record. The owner's mark, or else the image, has the image family."""
        power: Power = "stopped" if record["state"] in ("stopped", "stopping") else "running"
        return Instance(
            name,
            names.address_of(record["subnet"]),
            names.address_of(record["firewall"]),
            record["zone"],
            record["private_address"],
            machine_type=record["machine_type"],
            image=mark.image or record["image_id"].rpartition("-v")[0],
            image_id=record["image_id"],
            disk_gib=record["disk_gib"],
            key=record["key"],
            power=power,
            deletion_protection=mark.protect,
            tags=mark.tags,
            native=record["native"],
            birth=mark.birth,
        )

    def to_observed(self, address: Address, record: Record, mark: Mark, names: Names) -> Observed[Instance]:
        """Return one record, with its last start. Files of older versions do not have that."""
        seen = super().to_observed(address, record, mark, names)
        return evolve(seen, started=str(record.get("started_at", "")))

    def bound_addresses(self, record: Record, answers: Any, names: Names) -> list[Address]:
        """Return the firewall of ours whose rules apply to a host of others."""
        firewall = names.address_of(record["firewall"])
        return [firewall] if firewall else []

    def parameters(self, want: Instance, refs: Refs) -> dict[str, Any]:
        """Return its zone, its size and its user data."""
        return {
            "subnet": refs.id(want.subnet),
            "firewall": refs.id(want.firewall),
            "ssh_keys": list(want.ssh_keys),
            **{name: getattr(want, name) for name in _SENT},
            **({"boot_script": want.boot_script} if want.boot_script else {}),
        }

    def update(self, want: Instance, seen: Observed[Instance], refs: Refs) -> NextCall:
        """Return the next call: first firewall, then machine type (needs a stop), then power."""
        spec, where = seen.spec, {"id": seen.id}
        if want.firewall != spec.firewall:
            after = evolve(seen, spec=evolve(spec, firewall=want.firewall))
            parameters = {**where, "firewall": refs.id(want.firewall)}
            return self.call("SetInstanceFirewall", want.address, parameters, after, safe=True)
        if want.machine_type != spec.machine_type:
            if spec.power == "running":
                after = evolve(seen, spec=evolve(spec, power="stopped"))
                return self.call("StopInstance", want.address, where, after, safe=True)
            after = evolve(seen, spec=evolve(spec, machine_type=want.machine_type))
            parameters = {**where, "machine_type": want.machine_type}
            return self.call("ResizeInstance", want.address, parameters, after, safe=True)
        if want.power != spec.power:
            after = evolve(seen, spec=evolve(spec, power=want.power))
            action = "StartInstance" if want.power == "running" else "StopInstance"
            return self.call(action, want.address, where, after, safe=True)
        return super().update(want, seen, refs)
