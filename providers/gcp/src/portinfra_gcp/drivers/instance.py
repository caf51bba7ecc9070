"""Instances: hosts with a fixed internal address, an encrypted boot disk, and no service account."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import Observed, State
from portinfra.model.resources import Instance, Power
from portinfra.provider.interface import Call, Names, NextCall, Refs, Refuse
from portinfra_gcp import creation, keys, links, marks
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.base import GcpDriver, Observation, Owned, call, creation_name
from portinfra_gcp.drivers.reading import Answers, Record
from portinfra_gcp.published import DISK_TYPE, SSD

BOOT = "boot"
"""The device of the boot disk, and the value of its label `portinfra-part`."""

_STATES: Mapping[str, State] = {
    "RUNNING": "ready",
    "SUSPENDED": "ready",
    "STOPPED": "ready",
    "TERMINATED": "ready",
    "DEPROVISIONING": "deleting",
}

_DOWN = ("TERMINATED", "STOPPED", "STOPPING", "PENDING_STOP", "SUSPENDING", "SUSPENDED")

SUSPENDED = "suspended"
"""The part that marks a suspended host: "You can resume the VM or delete it", but not start or change it.

https://cloud.google.com/compute/docs/instances/instance-life-cycle
"""


class InstanceDriver(GcpDriver[Instance]):
    """A host. Its machine type changes while it is stopped. Its firewall is its network tag."""

    spec = Instance
    collection = "instances"
    lists = "instances.aggregatedList"
    replaces: frozenset[str] = frozenset(
        {"subnet", "zone", "private_address", "image", "disk_gib", "key", "native"}
    )
    interrupts: frozenset[str] = frozenset({"machine_type"})
    holds: frozenset[str] = frozenset({"subnet"})

    # Observe

    def is_used(self, each: Owned) -> bool:
        """Return whether it runs."""
        return each.record.get("status") == "RUNNING"

    def state(self, record: Record) -> State:
        """Return the state. A host that starts, stops or has an unknown status is pending."""
        return _STATES.get(record.get("status", ""), "pending")

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return the list of all hosts of the project: no filter reads the interfaces of a host."""
        return (reading.list_all(self.lists, ""),)

    def homes(self, record: Record) -> list[str]:
        """Return the subnetwork of each interface, then their networks."""
        interfaces = record.get("networkInterfaces") or ()
        return [each.get(name, "") for name in ("subnetwork", "network") for each in interfaces]

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> set[Address]:
        """Return our firewalls that apply to it: those of its tags."""
        tags: Sequence[str] = (record.get("tags") or {}).get("items") or ()
        return {address for tag in tags if (address := names.address_of(f"global/firewalls/{tag}"))}

    def to_spec(self, owned: Owned, observation: Observation) -> Instance:
        """Return the host of a record. A host with a second tag has no wanted firewall."""
        record, mark = owned.record, owned.mark
        interface = record["networkInterfaces"][0]
        disk = _boot_disk(record)
        power: Power = "stopped" if record.get("status") in _DOWN else "running"
        return Instance(
            mark.address.name,
            observation.names.address_of(links.path(interface.get("subnetwork", ""))),
            _firewall(record, observation),
            links.name(record["zone"]),
            interface.get("networkIP", ""),
            machine_type=links.name(record["machineType"]),
            image=mark.content.get("image", ""),
            image_id=mark.content.get("image_id", ""),
            disk_gib=int(disk.get("diskSizeGb", 0)),
            key=self.keyring.to_declared_key(disk.get("diskEncryptionKey"), mark.content.get("key")),
            power=power,
            deletion_protection=mark.protect,
            tags=mark.tags,
            birth=mark.content.get("birth", ""),
        )

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Instance]:
        """Return the host, with the time of its last start."""
        seen = super().to_observed(owned, observation)
        return evolve(seen, started=owned.record.get("lastStartTimestamp", ""))

    def parts(self, record: Record) -> dict[str, str]:
        """Return the fingerprint of its tags, and its external address if it has one."""
        access: Record = next(iter(record["networkInterfaces"][0].get("accessConfigs") or ()), {})
        parts = {
            "tags": (record.get("tags") or {}).get("fingerprint", ""),
            "access": access.get("name", ""),
            "ip": access.get("natIP", ""),
            SUSPENDED: "yes" if record.get("status") == "SUSPENDED" else "",
        }
        return {**super().parts(record), **{name: value for name, value in parts.items() if value}}

    def takes(self, spec: Instance, catalogue: Catalogue) -> Mapping[str, int]:
        """Return its virtual CPUs while it runs, of its family's quota, and its boot disk.

        https://cloud.google.com/compute/resource-usage: e2 and n1 share one quota, each later family has its
        own. The page does not say how much shared-core types take; here they take the virtual CPUs of the
        guest, the maximum.
        """
        disk = {SSD: spec.disk_gib}
        machine = catalogue.machine_types.get(spec.machine_type)
        if machine is None or spec.power == "stopped":
            return disk
        family, cpus = spec.machine_type.partition("-")[0], machine.vcpus
        own = "CPUS" if family in ("e2", "n1") else f"{family.upper()}_CPUS"
        return {own: cpus, "CPUS_ALL_REGIONS": cpus, **disk}

    # Change

    def cannot_create(self, want: Instance, refs: Refs) -> Refuse | None:
        """Return why it cannot be created: for example, it would ignore its first-boot data."""
        return (
            creation.refuse_host(want) or keys.refuse_key_name(want.key) or super().cannot_create(want, refs)
        )

    def describe(self, want: Instance, refs: Refs, name: str) -> str:
        """Return its description, with the image, key and first-boot fingerprint that lists do not show as
        declared.
        """
        more = {"image": want.image, "image_id": want.image_id, "key": want.key, "birth": want.birth}
        return marks.description(want, refs, born=creation_name(want, refs, name), **more)

    def place(self, want: Instance) -> dict[str, str]:
        """Return its zone."""
        return {"zone": str(want.zone)}

    def created_spec(self, want: Instance) -> Instance:
        """Return the host as running."""
        return evolve(want, power="running")

    def body(self, want: Instance, refs: Refs) -> dict[str, Any]:
        """Return network, image, size and first-boot data."""
        assert want.firewall is not None
        zone = f"zones/{want.zone}"
        disk = {
            "boot": True,
            "autoDelete": True,
            "deviceName": BOOT,
            "initializeParams": {
                "sourceImage": want.image_id,
                "diskSizeGb": str(want.disk_gib),
                "diskType": f"{zone}/diskTypes/{DISK_TYPE}",
                "labels": marks.labels(want, refs, refs.free_name(want), BOOT),
            },
            "diskEncryptionKey": self.keyring.native(want.key),
        }
        return {
            "machineType": f"{zone}/machineTypes/{want.machine_type}",
            "disks": [{name: value for name, value in disk.items() if value is not None}],
            "networkInterfaces": [
                {
                    "subnetwork": refs.id(want.subnet),
                    "networkIP": want.private_address,
                    "stackType": "IPV4_ONLY",
                }
            ],
            "tags": {"items": [refs.seen[want.firewall].parts["name"]]},
            "metadata": creation.metadata(want),
            "shieldedInstanceConfig": {
                "enableSecureBoot": True,
                "enableVtpm": True,
                "enableIntegrityMonitoring": True,
            },
            **_scheduling(want),
        }

    def update(self, want: Instance, seen: Observed[Instance], refs: Refs) -> NextCall:
        """Return the next change: firewall, then machine type, which needs a stop, then power."""
        spec, host = seen.spec, links.variables(seen.id)
        if want.firewall is not None and want.firewall != spec.firewall:
            after = evolve(seen, spec=evolve(spec, firewall=want.firewall))
            tags = {"items": [refs.seen[want.firewall].parts["name"]], "fingerprint": seen.parts.get("tags")}
            return call("instances.setTags", want.address, {**host, "body": tags}, after, safe=True)
        if want.machine_type != spec.machine_type:
            if SUSPENDED in seen.parts:
                return _power("running", want, seen)
            if spec.power == "running":
                return _power("stopped", want, seen)
            after = evolve(seen, spec=evolve(spec, machine_type=want.machine_type))
            body = {"machineType": f"zones/{spec.zone}/machineTypes/{want.machine_type}"}
            return call("instances.setMachineType", want.address, {**host, "body": body}, after, safe=True)
        if want.power != spec.power:
            return _power(want.power, want, seen)
        return super().update(want, seen, refs)


def _power(power: Power, want: Instance, seen: Observed[Instance]) -> Call:
    starts = "instances.resume" if SUSPENDED in seen.parts else "instances.start"
    action = starts if power == "running" else "instances.stop"
    parts = {name: value for name, value in seen.parts.items() if name != SUSPENDED}
    after = evolve(seen, parts=parts, spec=evolve(seen.spec, power=power))
    return call(action, want.address, links.variables(seen.id), after, safe=True)


def _boot_disk(record: Record) -> Record:
    return next((disk for disk in record.get("disks") or () if disk.get("boot")), {})


def _firewall(record: Record, observation: Observation) -> Address | None:
    tags: Sequence[str] = (record.get("tags") or {}).get("items") or ()
    return observation.names.address_of(f"global/firewalls/{tags[0]}") if len(tags) == 1 else None


def _scheduling(want: Instance) -> dict[str, Any]:
    """Return the limit of its run time. https://cloud.google.com/compute/docs/instances/limit-vm-runtime"""
    if not want.ends_after:
        return {}
    limit = {"seconds": str(want.ends_after)}
    return {"scheduling": {"maxRunDuration": limit, "instanceTerminationAction": "STOP"}}
