"""Instances: hosts with a fixed private address and an encrypted root disk."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import UNSEEN, Fault, Observed, State
from portinfra.model.resources import Instance, Power
from portinfra.provider.cloud_init import compress, user_data
from portinfra.provider.interface import Answer, Call, Names, NextCall, Refs, Refuse, Wait
from portinfra.provider.mount_script import mount_script
from portinfra_aws import devices, errors, keys, marks, pinned, profiles
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.base import AwsDriver, Observation, Owned, token
from portinfra_aws.drivers.reading import Answers, Record
from portinfra_aws.published import IMAGES, STORAGE, VCPUS, takes_standard_vcpus
from portinfra_aws.query import where

ROOT, INTERFACE = "root", "interface"
"""Values of the tag `portinfra:part` on an instance's root disk and network interface."""

ALIVE = ("pending", "running", "shutting-down", "stopping", "stopped")

_STATES: Mapping[str, State] = {
    "running": "ready",
    "stopped": "ready",
    "shutting-down": "deleting",
    "terminated": "deleting",
}

_ENDED_BY_HAND = (
    "Client.UserInitiatedShutdown",
    "Client.UserInitiatedHibernate",
    "Client.InstanceInitiatedShutdown",
    "",
)


class InstanceDriver(AwsDriver[Instance]):
    """A host. Its machine type changes while it is stopped."""

    spec = Instance
    lists = "DescribeInstances"
    id_key = "instanceId"
    id_path = "instanceId"
    id_parameter = "InstanceId"
    creates = "RunInstances"
    deletes = "TerminateInstances"
    resource = "instance"
    holds_data = True
    replaces: frozenset[str] = frozenset(
        {"subnet", "zone", "private_address", "image", "disk_gib", "key", "native"}
    )
    interrupts: frozenset[str] = frozenset({"machine_type"})
    holds: frozenset[str] = frozenset(
        {"subnet", "firewall"}
    )  # EC2 does not delete a group while an instance is in it

    # Observe

    def survey(self, scope: Scope, only: Sequence[Observed[Instance]] = ()) -> tuple[Call, ...]:
        """Return the lists of instances and of their root disks.

        While portinfra waits for instances, the list includes terminated ones. EC2 lists these for an hour,
        with the reason. Root disks do not change meanwhile.
        """
        if only:
            return (reading.list_owned(self.lists, scope),)
        alive = where("instance-state-name", *ALIVE)
        return (reading.list_owned(self.lists, scope, alive), reading.list_owned("DescribeVolumes", scope))

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return the list of all hosts of these networks that exist."""
        alive = where("instance-state-name", *ALIVE)
        return (reading.list_all(self.lists, where("vpc-id", *networks), alive),)

    def homes(self, record: Record) -> list[str]:
        """Return the subnet of each interface, and its network."""
        interfaces = reading.items(record, "networkInterfaceSet")
        subnets = [record.get("subnetId", ""), *(each.get("subnetId", "") for each in interfaces)]
        return [*subnets, record.get("vpcId", "")]

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> set[Address]:
        """Return our firewalls that apply to it."""
        return {address for id in groups_of(record) if (address := names.address_of(id))}

    def zone(self, record: Record) -> str | None:
        """Return its zone, from its placement."""
        return _zone(record) or None

    def relate_records(self, answers: Answers) -> Mapping[str, Record]:
        """Return id of a root disk → its record."""
        return {record["volumeId"]: record for record in reading.records(answers, "DescribeVolumes")}

    def used_ids(self, observation: Observation) -> set[str]:
        """Return the hosts that exist. Of a terminated host, only the fault counts."""
        return {
            r["instanceId"] for r in reading.records(observation.answers, self.lists) if _state(r) in ALIVE
        }

    def is_gone(self, record: Record) -> bool:
        """Return whether it was terminated by request.

        A host that failed to start is a fault, until another host with its address exists.
        """
        return _state(record) not in ALIVE and not _fault(record)

    def owned_records(self, answers: Answers, scope: Scope) -> list[Owned]:
        """Return one host for each address: one that exists, else one that failed."""
        every = list(super().owned_records(answers, scope))
        living = {each.mark.address for each in every if _state(each.record) in ALIVE}
        dead: dict[str, Owned] = {}
        for each in every:
            if each.mark.address not in living:
                dead[each.mark.address] = each
        return [each for each in every if _state(each.record) in ALIVE] + list(dead.values())

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Instance]:
        """Return the host. It is pending while its metadata service answers requests without a session."""
        seen = super().to_observed(owned, observation)
        seen = evolve(seen, place=_zone(owned.record) or None, started=owned.record.get("launchTime", ""))
        if _state(owned.record) not in ALIVE:
            # Nothing of the host is left, and EC2 lists it for an hour. Terminating it again costs nothing,
            # and the next launch needs a new token.
            return evolve(seen, fault=_fault(owned.record), state="ready")
        if _state(owned.record) == "stopped":
            seen = evolve(seen, failed_change=_fault(owned.record))
        options = owned.record.get("metadataOptions") or {}
        if seen.state == "ready" and options.get("httpTokens") == "optional":
            why = "its metadata service answers requests without a session (IMDSv1)"
            return evolve(seen, state="pending", parts={**seen.parts, "imds": "optional"}, reason=why)
        return seen

    def to_spec(self, owned: Owned, observation: Observation) -> Instance:
        """Return the host, from its record and that of its root disk.

        A host with a second group, or with an interface that has its own groups, has no wanted firewall.
        """
        record, mark = owned.record, owned.mark
        root = observation.related.get(_root(record))
        groups = [group["groupId"] for group in reading.items(record, "groupSet")]
        alone = len(groups) == 1 and not _others(record)
        power: Power = "stopped" if _state(record) in ("stopped", "stopping") else "running"
        return Instance(
            mark.address.name,
            observation.names.address_of(record.get("subnetId")),
            observation.names.address_of(groups[0]) if alone else None,
            _zone(record),
            record.get("privateIpAddress", ""),
            machine_type=record["instanceType"],
            image=mark.image,
            birth=mark.birth,
            image_id=pinned.image_id(mark.image, record),
            disk_gib=int(root["size"]) if root else UNSEEN,
            key=keys.to_declared_key(root, mark.key) if root else UNSEEN,
            power=power,
            deletion_protection=mark.protect,
            tags=mark.tags,
            native=profiles.read_options(record),
        )

    def detail(self, seen: Observed[Instance]) -> Call | None:
        """Return the read of a root disk that lost our tag. No list by tag shows it."""
        root = seen.parts.get(ROOT)
        if seen.spec.disk_gib is not UNSEEN or not root:
            return None
        return reading.list_all("DescribeVolumes", where("volume-id", root))

    def parts(self, record: Record) -> dict[str, str]:
        """Return the ids of the host, its root disk and its interface."""
        interfaces = reading.items(record, "networkInterfaceSet")
        interface = interfaces[0].get("networkInterfaceId", "") if interfaces else ""
        others = ", ".join(_others(record))
        parts = {"id": record["instanceId"], ROOT: _root(record), INTERFACE: interface, "others": others}
        return {name: id for name, id in parts.items() if id}

    def state(self, record: Record) -> State:
        """Return the state. A host that starts, stops or has an unknown state is pending."""
        return _STATES.get(_state(record), "pending")

    def takes(self, spec: Instance, catalogue: Catalogue) -> Mapping[str, int]:
        """Return its virtual CPUs while it runs, and the size of its root disk."""
        disk = {} if spec.disk_gib is UNSEEN else {STORAGE: spec.disk_gib}
        machine = catalogue.machine_types.get(spec.machine_type)
        if machine is None or spec.power == "stopped" or not takes_standard_vcpus(spec.machine_type):
            return disk
        return {VCPUS: machine.vcpus, **disk}

    # Change

    def cannot_create(self, want: Instance, refs: Refs) -> Refuse | Wait | None:
        """Return why it cannot be created.

        The root device must be known: another device would be a second, plain disk.
        """
        if refused := super().cannot_create(want, refs):
            return refused
        if want.image not in IMAGES and not pinned.has_root(want):
            return Refuse(
                f"the image {want.image!r} is not known on AWS",
                f"Use one of the image families {', '.join(IMAGES)}.",
            )
        names = [devices.device(mount.device) for mount in want.mounts]
        if len(set(names)) < len(names):
            among = ", ".join(mount.device for mount in want.mounts)
            return Refuse(
                f"two of the volumes {among} get the same device name: a host could not distinguish them",
                "Give one of them another name.",
            )
        return profiles.refuse_options(want.native)

    def parameters(self, want: Instance, refs: Refs) -> dict[str, Any]:
        """Return network, image, size and first-boot data."""
        image, root = pinned.image_and_root(want)
        disk = {
            "VolumeSize": want.disk_gib,
            "VolumeType": "gp3",
            "Encrypted": True,
            "KmsKeyId": want.key,
            "DeleteOnTermination": True,
        }
        interface = {
            "DeviceIndex": 0,
            "SubnetId": refs.id(want.subnet),
            "PrivateIpAddress": want.private_address,
            "SecurityGroupId": [refs.id(want.firewall)],
            "AssociatePublicIpAddress": False,
            "DeleteOnTermination": True,
        }
        return {
            "ImageId": image,
            "InstanceType": want.machine_type,
            "MinCount": 1,
            "MaxCount": 1,
            "NetworkInterface": [interface],
            "BlockDeviceMapping": [{"DeviceName": root, "Ebs": disk}],
            "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
            "IamInstanceProfile": profiles.parameter(want.native),
            "UserData": _encode(birth_data(want)),
            "ClientToken": profiles.token(want.native, token(refs, want)),
        }

    def specifications(self, want: Instance, refs: Refs) -> list[dict[str, Any]]:
        """Return the tags of the host, its disk and its interface.

        The latter two are parts, so that no list of volumes shows them.
        """
        return [
            marks.specification("instance", marks.write(want, refs)),
            marks.specification("volume", marks.write(want, refs, ROOT)),
            marks.specification("network-interface", marks.write(want, refs, INTERFACE)),
        ]

    def created_record(self, answer: Answer) -> Record:
        """Return the one instance of the answer."""
        return dict(answer["instancesSet"][0])

    def finish(self, want: Instance, seen: Observed[Instance], refs: Refs) -> NextCall | None:
        """Return the call that requires sessions for the metadata service.

        So no simple web request gets credentials.
        """
        if "imds" not in seen.parts:
            return super().finish(want, seen, refs)
        parts = {name: id for name, id in seen.parts.items() if name != "imds"}
        parameters = {"InstanceId": seen.id, "HttpTokens": "required"}
        after = evolve(seen, state="ready", parts=parts, reason="")
        return self.call("ModifyInstanceMetadataOptions", seen.address, parameters, after, safe=True)

    def update(self, want: Instance, seen: Observed[Instance], refs: Refs) -> NextCall:
        """Return the next change: firewall, then machine type, which needs a stop, then power."""
        spec = seen.spec
        host: dict[str, Any] = {"InstanceId": seen.id}
        if want.firewall != spec.firewall and "others" in seen.parts:
            return Refuse(
                f"it has further network interfaces with their own rules: {seen.parts['others']}",
                "Detach them: the declaration does not describe their rules.",
            )
        if want.firewall != spec.firewall:
            after = evolve(seen, spec=evolve(spec, firewall=want.firewall))
            parameters = {**host, "GroupId": [refs.id(want.firewall)]}
            return self.call("ModifyInstanceAttribute", want.address, parameters, after, safe=True)
        if want.machine_type != spec.machine_type:
            if spec.power == "running":
                return self._power("stopped", want, seen)
            after = evolve(seen, spec=evolve(spec, machine_type=want.machine_type))
            parameters = {**host, "InstanceType": {"Value": want.machine_type}}
            return self.call("ModifyInstanceAttribute", want.address, parameters, after, safe=True)
        if want.power != spec.power:
            return self._power(want.power, want, seen)
        return super().update(want, seen, refs)

    def _power(self, power: Power, want: Instance, seen: Observed[Instance]) -> Call:
        action = "StartInstances" if power == "running" else "StopInstances"
        after = evolve(seen, spec=evolve(seen.spec, power=power))
        return self.call(action, want.address, {"InstanceId": [seen.id]}, after, safe=True)

    def delete(self, seen: Observed[Instance]) -> Call:
        """Return its termination. Its root disk and interface are deleted with it; its volumes stay."""
        return self.call(self.deletes, seen.address, {"InstanceId": [seen.id]}, None, safe=True)

    def absorb(
        self, seen: Observed[Instance] | None, call: Call, answer: Answer | None
    ) -> Observed[Instance] | None:
        """Return the state after a call. Starts, stops and terminations take time.

        A detail read shows the root disk.
        """
        if call.reads and seen is not None and answer is not None:
            return _with_root(seen, list(reading.records_of(answer, call.action)))
        after = super().absorb(seen, call, answer)
        changed = (answer or {}).get("instancesSet") or ()
        own: Record = next(
            (each for each in changed if [each["instanceId"]] == call.parameters.get("InstanceId")), {}
        )
        if call.action == self.creates or "currentState" not in own:
            return after
        state = own["currentState"].get("name", "")
        if call.after is None:
            return evolve(seen, state="deleting", fault=None) if seen and state != "terminated" else None
        return evolve(after, state=_STATES.get(state, "pending")) if after else None

    def marked_ids(self, seen: Observed[Instance]) -> list[str]:
        """Return the ids of the host, its disk and its interface."""
        return [seen.parts[name] for name in ("id", ROOT, INTERFACE) if seen.parts.get(name)]


def _state(record: Record) -> str:
    return str((record.get("instanceState") or {}).get("name", ""))


def _zone(record: Record) -> str:
    return str((record.get("placement") or {}).get("availabilityZone", ""))


def _root(record: Record) -> str:
    """Return the id of the disk on the root device."""
    for mapping in reading.items(record, "blockDeviceMapping"):
        if mapping.get("deviceName") == record.get("rootDeviceName"):
            return str((mapping.get("ebs") or {}).get("volumeId", ""))
    return ""


def _others(record: Record) -> list[str]:
    """Return the ids of the network interfaces besides the first one."""
    return [
        interface["networkInterfaceId"]
        for interface in reading.items(record, "networkInterfaceSet")
        if str((interface.get("attachment") or {}).get("deviceIndex", "0")) != "0"
    ]


def groups_of(record: Record) -> set[str]:
    """Return the security groups of a host, and of each of its interfaces."""
    bearers = [record, *reading.items(record, "networkInterfaceSet")]
    return {group["groupId"] for bearer in bearers for group in reading.items(bearer, "groupSet")}


def _fault(record: Record) -> Fault | None:
    """Return why it terminated or stopped without a request; None if a request did it.

    The key of a disk may be unusable.
    """
    reason = record.get("stateReason") or {}
    code = reason.get("code", "")
    return None if code in _ENDED_BY_HAND else errors.fault(code, reason.get("message", ""))


def _with_root(seen: Observed[Instance], roots: list[Record]) -> Observed[Instance]:
    if not roots:
        return evolve(seen, spec=evolve(seen.spec, disk_gib=0, key=keys.PLAIN))
    root = roots[0]
    key = marks.declared_key(root)
    return evolve(
        seen, spec=evolve(seen.spec, disk_gib=int(root["size"]), key=keys.to_declared_key(root, key))
    )


def birth_text(want: Instance) -> str:
    """Return the user data of a new host: the user's own, with keys and mounts."""
    volumes = [(devices.device(mount.device), mount) for mount in want.mounts]
    every_boot = mount_script(volumes, look=devices.LOOK)
    return user_data(want.user_data, want.ssh_keys, want.ends_after, want.boot_script + every_boot)


def birth_data(want: Instance) -> bytes:
    """Return the user data of a new host as EC2 keeps it, compressed if it has a boot script."""
    text = birth_text(want)
    return compress(text) if want.boot_script else text.encode()


def _encode(data: bytes) -> str | None:
    return base64.b64encode(data).decode() if data else None
