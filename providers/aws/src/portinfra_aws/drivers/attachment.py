"""Attachments, which EC2 reports as a part of each volume."""

import re
from collections.abc import Mapping, Sequence

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed, State
from portinfra.model.resources import Attachment
from portinfra.provider import lifecycle
from portinfra.provider.interface import Answer, Call, Names, Refs
from portinfra_aws import devices, rates
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.reading import Answers

_STATES: Mapping[str, State] = {"attached": "ready", "detaching": "deleting", "busy": "deleting"}

_HOST = re.compile(r"\A.*?\d-")
"""The name of a host ends in a number; the name of its role never does."""

PATH = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
"""The prefix of the path of a volume on its host. The volume's id without the dash follows."""


class AttachmentDriver(lifecycle.AttachmentDriver):
    """A volume on an instance. EC2 has no record of its own for it, so its owner is that of the volume.

    EC2 does not keep a logical device. The path on the host follows from the volume.
    """

    cannot_show: frozenset[str] = frozenset({"device"})

    def survey(self, scope: Scope, only: Sequence[Observed[Attachment]] = ()) -> tuple[Call, ...]:
        """Return the list of volumes, which portinfra reads anyway."""
        return (reading.list_owned("DescribeVolumes", scope),)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[Attachment]]:
        """Return the attachments of our volumes."""
        found = []
        for record in reading.records(answers, "DescribeVolumes"):
            volume = names.address_of(record["volumeId"])
            for attached in reading.items(record, "attachmentSet"):
                if volume is None or volume.kind != "volume" or attached.get("status") == "detached":
                    continue
                instance = names.address_of(attached.get("instanceId"))
                spec = Attachment(volume.name, instance, volume, _logical(volume, instance))
                parts = _parts(record["volumeId"], attached.get("instanceId", ""), attached.get("device", ""))
                state = _STATES.get(attached.get("status", ""), "pending")
                address = Address(f"attachment.{volume.name}")
                found.append(Observed(address, spec, parts, state, record["availabilityZone"]))
        return found

    def create(self, want: Attachment, refs: Refs) -> Call:
        """Return the call that attaches it under a device name that is free on the instance."""
        instance, volume = refs.id(want.instance), refs.id(want.volume)
        taken = {
            seen.parts.get("device")
            for seen in refs.seen.values()
            if isinstance(seen.spec, Attachment) and seen.parts.get("instance") == instance
        }
        device = devices.device(want.device, taken)
        parameters = {"VolumeId": volume, "InstanceId": instance, "Device": device}
        after = Observed(want.address, want, _parts(volume, instance, device))
        return _call("AttachVolume", want.address, parameters, after)

    def delete(self, seen: Observed[Attachment]) -> Call:
        """Return the call that detaches it."""
        parameters = {"VolumeId": seen.parts["volume"], "InstanceId": seen.parts["instance"]}
        return _call("DetachVolume", seen.address, parameters, None)

    def absorb(
        self, seen: Observed[Attachment] | None, call: Call, answer: Answer | None
    ) -> Observed[Attachment] | None:
        """Return the expected state, until the answer says that the change takes time."""
        after = super().absorb(seen, call, answer)
        status = (answer or {}).get("status", "")
        if call.after is None:
            return evolve(seen, state="deleting") if seen and status in ("detaching", "busy") else None
        return evolve(after, state=_STATES.get(status, "pending" if status else "ready")) if after else None


def _logical(volume: Address, instance: Address | None) -> str:
    """Return the logical device. Placement names a volume after its host: `db1-data` is `data` of `db1`.

    The host may be gone, or may have another name by now.
    """
    host = f"{instance.name}-" if instance else ""
    if host and volume.name.startswith(host):
        return volume.name.removeprefix(host)
    return _HOST.sub("", volume.name)


def _parts(volume: str, instance: str, device: str) -> dict[str, str]:
    path = PATH + volume.replace("-", "")
    return {"volume": volume, "instance": instance, "device": device, "path": path}


def _call(
    action: str, address: Address, parameters: Mapping[str, str], after: Observed[Attachment] | None
) -> Call:
    return Call(action, parameters, address, after, rates=rates.classes(action))
