"""Attachments: what a volume says that it is on."""

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
"""A host's name ends in a number, its role's never does."""

PATH = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
"""Begins the path under which a host finds a volume; its id without the dash ends it."""


class AttachmentDriver(lifecycle.AttachmentDriver):
    """A volume on an instance. It has no record, and no owner but the volume's; nor does EC2 keep a logical
    device: the path in the host follows from the volume.
    """

    cannot_show = frozenset({"device"})

    def survey(self, scope: Scope, only: Sequence[Observed[Attachment]] = ()) -> tuple[Call, ...]:
        """The list of volumes, which is read anyway."""
        return (reading.list_owned("DescribeVolumes", scope),)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[Attachment]]:
        """What our volumes are attached to."""
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
        """Attach it under a device name that nothing on the instance has."""
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
        """Detach it."""
        parameters = {"VolumeId": seen.parts["volume"], "InstanceId": seen.parts["instance"]}
        return _call("DetachVolume", seen.address, parameters, None)

    def absorb(
        self, seen: Observed[Attachment] | None, call: Call, answer: Answer | None
    ) -> Observed[Attachment] | None:
        """The promise, until the answer says that it takes time."""
        after = super().absorb(seen, call, answer)
        status = (answer or {}).get("status", "")
        if call.after is None:
            return evolve(seen, state="deleting") if seen and status in ("detaching", "busy") else None
        return evolve(after, state=_STATES.get(status, "pending" if status else "ready")) if after else None


def _logical(volume: Address, instance: Address | None) -> str:
    """Placement names a volume after its host: `db1-data` is the device `data` of `db1`. The host may be
    gone, or bear another name since.
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
