"""Volumes: sizes, types, keys, and the time they take.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
"""

from typing import Any

from moto.ec2.models.elastic_block_store import Volume, VolumeModification

from bed.call import Call, after, before, shown
from bed.errors import EC2Error
from bed.kinds import KINDS
from bed.rules import kms

GP3 = {"iops": 3000, "throughput": 125}
"""What a gp3 volume has unless more is asked for."""

SIZES = {"gp2": (1, 16384), "gp3": (1, 65536), "io1": (4, 16384), "io2": (4, 65536)}

MODIFICATIONS_MAX = 4

_own_status = Volume.status.fget

# moto computes both; the bed's phase goes before, for as long as it lasts
Volume.status = property(lambda self: getattr(self, "phase", "") or _own_status(self))
VolumeModification.modification_state = property(lambda self: getattr(self, "phase", "") or "completed")
VolumeModification.progress = property(lambda self: 0 if getattr(self, "phase", "") else 100)


@before("CreateVolume")
def volume_is_possible(call: Call) -> None:
    """ "You must specify either a snapshot ID or a volume size"; each type has its bounds."""
    params = call.params
    kind = params.setdefault("VolumeType", "gp2")
    if kms.by_default(call):
        params["Encrypted"] = True
    snapshot = KINDS["snap"].find(call.backend, params.get("SnapshotId", ""))
    if snapshot is None and "Size" not in params:
        raise EC2Error("MissingParameter", "The request must contain the parameter size/snapshot")
    if snapshot is not None and snapshot.status != "completed":
        raise EC2Error("IncorrectState", f"Snapshot is in invalid state - {snapshot.status}")
    size = params.setdefault("Size", snapshot.volume_size if snapshot else 0)
    low, high = SIZES.get(kind, (1, 16384))
    if not low <= size <= high:
        raise EC2Error(
            "InvalidParameterValue", f"Volume of {size}GiB is invalid; must be between {low} and {high}"
        )
    if snapshot is not None and size < snapshot.volume_size:
        raise EC2Error(
            "InvalidParameterValue", f"Volume of {size}GiB is smaller than snapshot '{snapshot.id}'"
        )
    if params.get("KmsKeyId") and not params.get("Encrypted"):
        raise EC2Error(
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        )
    if kind == "gp3" and params.get("Throughput", 125) > 0.25 * params.get("Iops", 3000):
        raise EC2Error("InvalidParameterCombination", "Throughput (MiBps) to iops ratio is too high")


@after("CreateVolume")
def volume_takes_time(call: Call, result: Any) -> None:
    """Creating, then available.

    "Amazon Web Services authenticates the KMS key asynchronously. Therefore, if you specify an ID, alias, or
    ARN that is not valid, the action can appear to complete, but eventually fails": the volume is gone
    (kubernetes-sigs/aws-ebs-csi-driver, issues 1140 and 1916).
    """
    _complete(call, result, call.params)
    seconds = call.there.settings.pending_seconds
    result.phase = "creating"
    if kms.exists(call, call.params.get("KmsKeyId")):
        call.there.later(seconds, lambda: setattr(result, "phase", ""))
    else:
        call.there.later(seconds, lambda: call.backend.volumes.pop(result.id, None))


@after("RunInstances")
def root_volumes_are_as_asked(call: Call, result: Any) -> None:
    """moto forgets what a mapping says of gp3."""
    for instance in result.instances:
        for mapping in call.params.get("BlockDeviceMappings", ()):
            block = instance.block_device_mapping.get(mapping.get("DeviceName"))
            if block is not None:
                _complete(call, call.backend.volumes[block.volume_id], mapping["Ebs"])


def _complete(call: Call, volume: Any, params: dict[str, Any]) -> None:
    snapshot = KINDS["snap"].find(call.backend, params.get("SnapshotId", ""))
    if volume.volume_type == "gp3":
        volume.iops = params.get("Iops", GP3["iops"])
        volume.throughput = params.get("Throughput", GP3["throughput"])
    if snapshot is not None and snapshot.encrypted and not params.get("KmsKeyId"):
        volume.encrypted, volume.kms_key_id = True, snapshot.kms_key_id
    elif volume.encrypted:
        volume.kms_key_id = kms.arn(call, params.get("KmsKeyId"))


@before("ModifyVolume")
def modification_is_allowed(call: Call) -> None:
    """ "You can modify a volume up to four times within a rolling 24-hour period, as long as the volume is in
    the in-use or available state, and all previous modifications for that volume are completed."
    """
    volume = KINDS["vol"].find(call.backend, call.params["VolumeId"])
    if volume.status == "creating":
        raise EC2Error("IncorrectState", f"Volume {volume.id} is in the '{volume.status}' state.")
    if call.params.get("Size", volume.size) < volume.size:
        raise EC2Error("InvalidParameterValue", "New size cannot be smaller than existing size")
    if volume.modifications:
        last = volume.modifications[-1]
        if last.modification_state != "completed":
            raise EC2Error(
                "IncorrectModificationState",
                f"Cannot modify volume {volume.id}. It is currently in modification state "
                f"{last.modification_state.upper()}",
            )
    if sum(call.now - each.begun < 24 * 3600 for each in volume.modifications) >= MODIFICATIONS_MAX:
        raise EC2Error(
            "VolumeModificationRateExceeded",
            "You've reached the maximum modification rate per volume limit. Wait and try again.",
        )


@after("ModifyVolume")
def modification_takes_time(call: Call, result: Any) -> None:
    """ "Size increases take effect once the volume modification reaches the optimizing state".

    https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-modifications.html
    """
    modification, volume = (
        result["VolumeModification"],
        KINDS["vol"].find(call.backend, call.params["VolumeId"]),
    )
    modification.begun = call.now
    modification.phase = "modifying"
    target, volume.size = volume.size, modification.original_size or volume.size

    def optimize() -> None:
        modification.phase, volume.size = "optimizing", target

    seconds = call.there.settings.pending_seconds
    call.there.later(seconds, optimize)
    call.there.later(2 * seconds, lambda: setattr(modification, "phase", ""))


@before("DeleteVolume")
def volume_is_free(call: Call) -> None:
    """ "The volume must be in the available state (not attached to an instance)"."""
    volume = KINDS["vol"].find(call.backend, call.params["VolumeId"])
    if volume.attachment:
        raise EC2Error(
            "VolumeInUse", f"Volume {volume.id} is currently attached to {volume.attachment.instance.id}"
        )
    if volume.status == "creating":
        raise EC2Error("IncorrectState", f"Volume {volume.id} is in the 'creating' state.")


@shown("DescribeVolumes", "CreateVolume")
def volumes_look_as_they_do(call: Call, told: dict[str, Any]) -> None:
    """A volume that is made from nothing has an empty snapshot id; gp2's rate follows from its size."""
    for volume in told.get("Volumes", [told]):
        volume.setdefault("SnapshotId", "")
        volume.setdefault("MultiAttachEnabled", False)
        if volume.get("VolumeType") == "gp2":
            volume["Iops"] = min(max(100, 3 * volume["Size"]), 16000)
