"""Snapshots and their copies: progress, the key they are under, and who may see them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
"""

import copy
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.utils import random_snapshot_id

from bed import engine
from bed.call import Call, after, before, instead, shown
from bed.errors import EC2Error
from bed.kinds import KINDS, missing
from bed.rules import contents, kms

Snapshot.progress = property(lambda self: "100%" if self.status == "completed" else "0%")

PENDING_MAX = 5

NO_VOLUME = "vol-ffffffff"
""" "Snapshots created by this action have an arbitrary volume ID", which "should not be used"."""


@before("CreateSnapshot")
def volume_can_be_read(call: Call) -> None:
    """Not while it is being created, and no more than five at once of one volume."""
    volume = KINDS["vol"].find(call.backend, call.params["VolumeId"])
    if volume.status == "creating":
        raise EC2Error("IncorrectState", f"The state of volume '{volume.id}' is {volume.status}")
    pending = [
        each
        for each in call.backend.snapshots.values()
        if each.volume_id == volume.id and each.status == "pending"
    ]
    if len(pending) >= PENDING_MAX:
        raise EC2Error(
            "ConcurrentSnapshotLimitExceeded", "Maximum pending snapshots for a single volume exceeded"
        )


@after("CreateSnapshot")
def snapshot_keeps_what_it_saw(call: Call, result: Any) -> None:
    """ "Snapshots taken from encrypted volumes are encrypted", under the same key; of the size of then."""
    result.kms_key_id = result.volume.kms_key_id
    result.volume = copy.copy(result.volume)
    result.description = result.description or ""
    _pending(call, result)


def _pending(call: Call, snapshot: Any) -> None:
    """Pending, then completed; the answer of a request that makes one is always pending."""
    snapshot.status = "pending"
    call.there.later(
        call.there.settings.pending_seconds,
        lambda: setattr(snapshot, "status", "completed"),
    )


@instead("CopySnapshot")
def copies_are_honest(call: Call) -> dict[str, Any]:
    """moto leaves plain what should be encrypted without a key, and copies across no account.

    "If […] Encrypted is true and you omit KmsKeyId, your default KMS key is used"; a copy of what is
    encrypted is encrypted, under the default key of where it goes unless another is named; "the snapshot copy
    must be in completed state"; tags are not copied.
    """
    params = call.params
    _check_copies(call)
    source = _source(call, params["SourceSnapshotId"], params["SourceRegion"])
    if source.status != "completed":
        raise EC2Error("IncorrectState", f"Snapshot {source.id} is in the '{source.status}' state.")
    if params.get("KmsKeyId") and not params.get("Encrypted"):
        raise EC2Error(
            "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set."
        )
    if source.encrypted and params["SourceRegion"] != call.region:
        _check_presigned(call)
    encrypted = bool(params.get("Encrypted") or source.encrypted)
    made = Snapshot(
        call.backend,
        random_snapshot_id(),
        copy.copy(source.volume),
        params.get("Description") or "",
        encrypted=encrypted,
    )
    made.volume.id = NO_VOLUME
    made.blocks = contents.of(source)
    made.kms_key_id = kms.arn(call, params.get("KmsKeyId")) if encrypted else None
    call.backend.snapshots[made.id] = made
    for each in params.get("TagSpecifications", ()):
        made.add_tags({tag["Key"]: tag["Value"] for tag in each["Tags"]})
    _pending(call, made)
    return {"SnapshotId": made.id, "Tags": made.tag_set}


def _check_copies(call: Call) -> None:
    """ "Concurrent snapshot copies per destination Region: 20": Amazon EBS endpoints and quotas."""
    limit = call.there.settings.copies_at_once
    copies = [each for each in call.backend.snapshots.values() if each.volume.id == NO_VOLUME]
    if sum(each.status == "pending" for each in copies) >= limit:
        raise EC2Error(
            "ResourceLimitExceeded",
            f"Too many snapshot copies in progress. The limit is {limit} for this destination region.",
        )


def _source(call: Call, id: str, region: str) -> Any:
    for account, place, backend in engine.backends():
        found = backend.snapshots.get(id)
        if place == region and found is not None:
            if account != call.account and call.account not in found.create_volume_permission_userids:
                break
            if account != call.account and found.kms_key_id == _default_key(account, place):
                raise EC2Error(
                    "InvalidParameterValue", "Snapshots encrypted with the default key cannot be shared"
                )
            return found
    raise missing(id)


def _check_presigned(call: Call) -> None:
    """ "When you copy an encrypted source snapshot […] you must supply a pre-signed URL"."""
    url = call.params.get("PresignedUrl", "")
    said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    wanted = {
        "Action": "CopySnapshot",
        "SourceRegion": call.params["SourceRegion"],
        "SourceSnapshotId": call.params["SourceSnapshotId"],
        "DestinationRegion": call.region,
    }
    if "X-Amz-Signature" not in said or any(said.get(name) != value for name, value in wanted.items()):
        raise EC2Error("InvalidParameterValue", "Value for parameter PresignedUrl is missing or invalid")


@before("ModifySnapshotAttribute")
def default_key_stays_at_home(call: Call) -> None:
    """ "You can't share snapshots that are encrypted with the default AWS managed key"."""
    snapshot = KINDS["snap"].find(call.backend, call.params["SnapshotId"])
    permissions = call.params.pop("CreateVolumePermission", None)
    if permissions:
        operation = "add" if "Add" in permissions else "remove"
        entries = permissions.get("Add") or permissions.get("Remove") or []
        call.params["OperationType"] = operation
        call.params["UserIds"] = users = [each["UserId"] for each in entries if "UserId" in each]
        if odd := [user for user in users if not re.fullmatch(r"\d{12}", user)]:
            raise EC2Error("InvalidUserID.Malformed", f"Invalid user id: '{odd[0]}'")
        call.params["GroupNames"] = [each["Group"] for each in entries if "Group" in each]
    if snapshot.encrypted and snapshot.kms_key_id == _default_key(call.account, call.region):
        raise EC2Error("InvalidParameter", "Encrypted snapshots with EBS default key cannot be shared")


def _default_key(account: str, region: str) -> str:
    return kms.arn_of(account, region, kms.DEFAULT)


@shown("DescribeSnapshots")
def owners_are_respected(call: Call, told: dict[str, Any]) -> None:
    """ "self" is oneself; moto shows everything to everybody who asks for anything."""
    owners = [call.account if owner == "self" else owner for owner in call.params.get("OwnerIds", ())]
    if owners:
        told["Snapshots"] = [each for each in told["Snapshots"] if each["OwnerId"] in owners]
