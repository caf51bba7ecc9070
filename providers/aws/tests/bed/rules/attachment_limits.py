"""How many volumes an instance takes.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html: from the seventh generation on, 32
attachments are for volumes alone; before, 28 are shared by volumes, network interfaces and the instance's
own NVMe disks.
"""

import re
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from bed.call import Call, before
from bed.errors import EC2Error
from bed.rules.life import instance

DEDICATED, SHARED = 32, 28

_SEVENTH = re.compile(r"[a-z]+7[a-z-]*\.")


@before("AttachVolume")
def attachments_are_left(call: Call) -> None:
    """The root disk is a volume too."""
    host = instance(call, call.params["InstanceId"])
    taken = len(host.block_device_mapping)
    most = DEDICATED
    if not _SEVENTH.match(host.instance_type):
        taken += len(host.nics) + _own_disks(host.instance_type)
        most = SHARED
    if taken >= most:
        raise EC2Error("AttachmentLimitExceeded", f"Attachment limit exceeded: {host.id} has {taken}.")


def _own_disks(machine_type: str) -> int:
    storage: dict[str, Any] = INSTANCE_TYPES.get(machine_type, {}).get("InstanceStorageInfo") or {}
    return sum(int(disk["Count"]) for disk in storage.get("Disks", ()))
