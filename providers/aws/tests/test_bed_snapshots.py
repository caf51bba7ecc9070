"""The bed's snapshots are under the key that they say they are under, wherever they are copied."""

from typing import Any

import pytest
from botocore.handlers import inject_presigned_url_ec2

from bed import Local, hand
from bed.hand import refused

OTHER = ("AKIAOTHEROTHEROTHER0", "other-secret")


@pytest.fixture
def west(ec2: Local) -> Any:
    return hand.client(ec2.endpoint, region="us-west-2")


def snapshot(boto: Any, **volume: Any) -> str:
    id: str = boto.create_snapshot(VolumeId=hand.volume(boto, **volume))["SnapshotId"]
    return id


def shown(boto: Any, id: str) -> dict[str, Any]:
    found: dict[str, Any] = boto.describe_snapshots(SnapshotIds=[id])["Snapshots"][0]
    return found


def copied(west: Any, id: str, **more: Any) -> dict[str, Any]:
    made = west.copy_snapshot(SourceSnapshotId=id, SourceRegion="us-east-1", **more)
    return shown(west, made["SnapshotId"])


def test_a_snapshot_is_pending_and_keeps_size_and_key_of_its_volume(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    volume = hand.volume(boto, Encrypted=True, KmsKeyId="alias/payments")
    with refused("IncorrectState"):
        boto.create_snapshot(VolumeId=volume)
    ec2.bed.advance(31)
    id = boto.create_snapshot(VolumeId=volume)["SnapshotId"]
    assert (shown(boto, id)["State"], shown(boto, id)["Progress"]) == ("pending", "0%")
    ec2.bed.advance(31)
    boto.modify_volume(VolumeId=volume, Size=50)
    told = shown(boto, id)
    assert (told["State"], told["Progress"], told["VolumeSize"]) == ("completed", "100%", 10)
    assert told["KmsKeyId"] == boto.describe_volumes(VolumeIds=[volume])["Volumes"][0]["KmsKeyId"]


def test_a_volume_has_five_pending_snapshots_at_most(ec2: Local, boto: Any) -> None:
    volume = hand.volume(boto)
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    for _ in range(5):
        boto.create_snapshot(VolumeId=volume)
    with refused("ConcurrentSnapshotLimitExceeded"):
        boto.create_snapshot(VolumeId=volume)


def test_a_region_takes_only_so_many_copies_at_once(ec2: Local, boto: Any, west: Any) -> None:
    made = snapshot(boto)
    ec2.bed.configure(live_clock=False, pending_seconds=30, copies_at_once=2)
    for _ in range(2):
        west.copy_snapshot(SourceSnapshotId=made, SourceRegion="us-east-1")
    with refused("ResourceLimitExceeded") as said:
        west.copy_snapshot(SourceSnapshotId=made, SourceRegion="us-east-1")
    assert said == ["Too many snapshot copies in progress. The limit is 2 for this destination region."]
    boto.copy_snapshot(SourceSnapshotId=made, SourceRegion="us-east-1")
    ec2.bed.advance(31)
    west.copy_snapshot(SourceSnapshotId=made, SourceRegion="us-east-1")


def test_a_copy_is_encrypted_where_it_is_asked_to_be_even_without_a_key(boto: Any, west: Any) -> None:
    plain = snapshot(boto)
    assert copied(west, plain)["Encrypted"] is False
    encrypted = copied(west, plain, Encrypted=True)
    assert encrypted["Encrypted"] is True
    assert encrypted["KmsKeyId"].startswith("arn:aws:kms:us-west-2:123456789012:key/")
    own = copied(west, plain, Encrypted=True, KmsKeyId="alias/recovery")
    assert own["KmsKeyId"] != encrypted["KmsKeyId"]
    with refused("InvalidParameterDependency"):
        copied(west, plain, KmsKeyId="alias/recovery")


def test_a_copy_of_what_is_encrypted_is_encrypted_under_a_key_of_where_it_goes(boto: Any, west: Any) -> None:
    source = snapshot(boto, Encrypted=True, KmsKeyId="alias/payments")
    copy = copied(west, source)
    assert copy["Encrypted"] is True
    assert ":us-west-2:" in copy["KmsKeyId"]


def test_encrypted_snapshots_are_copied_across_regions_with_a_presigned_url_only(
    ec2: Local, boto: Any, west: Any
) -> None:
    source = snapshot(boto, Encrypted=True)
    boto.describe_snapshots()
    copied(west, source)
    sent = dict(next(flat for action, flat in ec2.bed.log if action == "CopySnapshot"))
    assert "X-Amz-Signature" in sent["PresignedUrl"]  # boto3 adds it by itself
    west.meta.events.unregister("before-call.ec2.CopySnapshot", inject_presigned_url_ec2)
    with refused("InvalidParameterValue"):
        copied(west, source)


def test_a_copy_waits_for_its_source_and_tags_are_not_copied(ec2: Local, boto: Any, west: Any) -> None:
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    volume = hand.volume(boto)
    ec2.bed.advance(31)
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "b"}]}]
    source = boto.create_snapshot(VolumeId=volume, TagSpecifications=tags)["SnapshotId"]
    with refused("IncorrectState"):
        copied(west, source)
    ec2.bed.advance(31)
    assert "Tags" not in copied(west, source) or copied(west, source)["Tags"] == []


def test_a_snapshot_under_the_default_key_stays_in_its_account(ec2: Local, boto: Any) -> None:
    ec2.bed.add_account("210987654321", *OTHER)
    other = hand.client(ec2.endpoint, key=OTHER[0], secret=OTHER[1])
    default, own = snapshot(boto, Encrypted=True), snapshot(boto, Encrypted=True, KmsKeyId="alias/payments")
    share = {"CreateVolumePermission": {"Add": [{"UserId": "210987654321"}]}}
    with refused("InvalidParameter"):
        boto.modify_snapshot_attribute(SnapshotId=default, Attribute="createVolumePermission", **share)
    with refused("InvalidSnapshot.NotFound"):
        other.copy_snapshot(SourceSnapshotId=own, SourceRegion="us-east-1")
    boto.modify_snapshot_attribute(SnapshotId=own, Attribute="createVolumePermission", **share)
    copy = other.copy_snapshot(SourceSnapshotId=own, SourceRegion="us-east-1", Encrypted=True)
    assert other.describe_snapshots(SnapshotIds=[copy["SnapshotId"]], OwnerIds=["self"])["Snapshots"]


def test_a_volume_from_an_encrypted_snapshot_is_encrypted(boto: Any) -> None:
    source = snapshot(boto, Encrypted=True, KmsKeyId="alias/payments")
    made = boto.create_volume(SnapshotId=source, AvailabilityZone="us-east-1a", VolumeType="gp3")
    told = boto.describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"][0]
    assert (told["Encrypted"], told["KmsKeyId"]) == (True, shown(boto, source)["KmsKeyId"])
    with refused("InvalidParameterValue"):
        boto.create_volume(SnapshotId=source, AvailabilityZone="us-east-1a", Size=5)


def test_own_snapshots_are_told_from_those_of_the_images(boto: Any) -> None:
    id = snapshot(boto)
    assert [each["SnapshotId"] for each in boto.describe_snapshots(OwnerIds=["self"])["Snapshots"]] == [id]
    assert len(boto.describe_snapshots()["Snapshots"]) > 1
