"""Attaching and detaching: one instance a volume, one volume a device, one zone for both, and time.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html
"""

import re
from typing import Any

from bed.call import Call, after, before, instead, shown
from bed.errors import EC2Error
from bed.kinds import KINDS
from bed.rules.life import instance

DEVICE = re.compile(r"/dev/(sd[a-z]([1-9]|1[0-5])?|xvd[a-z]{1,2})|xvd[a-z]{1,2}|sd[a-z]")
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html"""


@before("AttachVolume")
def volume_and_instance_fit(call: Call) -> None:
    """States first, then places, then the device."""
    volume = KINDS["vol"].find(call.backend, call.params["VolumeId"])
    host = instance(call, call.params["InstanceId"])
    device = call.params["Device"]
    if host.state not in ("running", "stopped"):
        raise EC2Error("IncorrectState", f"Instance '{host.id}' is not 'running'.")
    if volume.attachment:
        raise EC2Error("VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.status != "available":
        raise EC2Error("IncorrectState", f"{volume.id} is not 'available'.")
    if volume.availability_zone != host.availability_zone:
        raise EC2Error(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance '{host.id}'",
        )
    if not DEVICE.fullmatch(device):
        raise EC2Error(
            "InvalidParameterValue",
            f"Value ({device}) for parameter device is invalid. {device} is not a valid EBS device name.",
        )
    if device in host.block_device_mapping:
        raise EC2Error(
            "InvalidParameterValue",
            f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use",
        )


@after("AttachVolume")
def attaching_takes_time(call: Call, result: Any) -> None:
    """Attaching, then attached; the volume is in use at once."""
    volume = KINDS["vol"].find(call.backend, call.params["VolumeId"])
    attachment = volume.attachment
    block = attachment.instance.block_device_mapping[attachment.device]
    seconds = call.there.settings.pending_seconds
    if seconds:
        attachment.status = block.status = "attaching"

        def attached() -> None:
            if attachment.status == "attaching":
                attachment.status = block.status = "attached"

        call.there.later(seconds, attached)


@instead("DetachVolume")
def detaching_takes_time(call: Call) -> dict[str, Any]:
    """moto asks for the instance, which EC2 knows, and forgets the attachment at once."""
    backend = call.backend
    volume = KINDS["vol"].find(backend, call.params["VolumeId"])
    attachment = volume.attachment
    if attachment is None:
        raise EC2Error("IncorrectState", f"Volume '{volume.id}' is in the 'available' state.")
    host, device = attachment.instance, attachment.device
    if call.params.get("InstanceId", host.id) != host.id or call.params.get("Device", device) != device:
        raise EC2Error(
            "InvalidAttachment.NotFound",
            f"Attachment of volume '{volume.id}' to what was named does not exist",
        )
    if device == host.root_device_name and host.state != "stopped":
        raise EC2Error(
            "OperationNotPermitted", f"Unable to detach root volume '{device}' from instance '{host.id}'"
        )
    if attachment.status != "detaching":
        attachment.status = host.block_device_mapping[device].status = "detaching"

        def detached() -> None:
            if volume.attachment is attachment:
                backend.detach_volume(volume.id, host.id, device)

        call.there.later(call.there.settings.pending_seconds, detached)
    return {
        "VolumeId": volume.id,
        "InstanceId": host.id,
        "Device": device,
        "State": "detaching",
        "AttachTime": attachment.attach_time,
    }


@shown("DescribeVolumes")
def attachments_say_whether_they_delete(call: Call, told: dict[str, Any]) -> None:
    """moto keeps this with the instance alone."""
    for volume in told["Volumes"]:
        for shown_attachment in volume.get("Attachments", ()):
            attachment = call.backend.volumes[volume["VolumeId"]].attachment
            block = attachment.instance.block_device_mapping[attachment.device]
            shown_attachment["DeleteOnTermination"] = bool(block.delete_on_termination)
