"""The bed's volumes, attachments and snapshots refuse and take the time that EC2's do."""

from typing import Any

import pytest

from bed import Local, hand
from bed.hand import refused


@pytest.fixture
def slow(ec2: Local) -> Local:
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    return ec2


def shown(boto: Any, id: str) -> dict[str, Any]:
    found: dict[str, Any] = boto.describe_volumes(VolumeIds=[id])["Volumes"][0]
    return found


def attached(boto: Any, volume: str, host: str, device: str = "/dev/sdf") -> None:
    boto.attach_volume(VolumeId=volume, InstanceId=host, Device=device)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"AvailabilityZone": "us-east-9a", "Size": 1}, "InvalidZone.NotFound"),
        ({"AvailabilityZone": "us-east-1a"}, "MissingParameter"),
        ({"AvailabilityZone": "us-east-1a", "Size": 0}, "InvalidParameterValue"),
        ({"AvailabilityZone": "us-east-1a", "Size": 1, "KmsKeyId": "alias/x"}, "InvalidParameterDependency"),
        ({"AvailabilityZone": "us-east-1a", "Size": 1, "Throughput": 1000}, "InvalidParameterCombination"),
    ],
)
def test_a_volume_is_checked(boto: Any, more: dict[str, Any], code: str) -> None:
    with refused(code):
        boto.create_volume(VolumeType="gp3", **more)


def test_gp3_keeps_the_rate_and_speed_that_were_asked_for(boto: Any) -> None:
    plain, fast = hand.volume(boto), hand.volume(boto, Iops=6000, Throughput=500)
    told = [shown(boto, id) for id in (plain, fast)]
    assert [(each["Iops"], each["Throughput"]) for each in told] == [(3000, 125), (6000, 500)]
    older = boto.create_volume(Size=10, AvailabilityZone="us-east-1a")
    assert (older["VolumeType"], older["Iops"], older["SnapshotId"]) == ("gp2", 100, "")


def test_an_encrypted_volume_tells_the_key_by_its_arn_and_never_by_its_alias(boto: Any) -> None:
    own, default = hand.volume(boto, Encrypted=True, KmsKeyId="alias/own"), hand.volume(boto, Encrypted=True)
    keys = {shown(boto, id)["KmsKeyId"] for id in (own, default)}
    assert len(keys) == 2
    assert all(key.startswith("arn:aws:kms:us-east-1:123456789012:key/") for key in keys)
    same = hand.volume(boto, Encrypted=True, KmsKeyId=shown(boto, own)["KmsKeyId"])
    assert shown(boto, same)["KmsKeyId"] == shown(boto, own)["KmsKeyId"]


def test_a_key_that_is_not_there_is_noticed_only_later(slow: Local, boto: Any) -> None:
    slow.bed.configure(keys=["alias/payments"])
    volume = hand.volume(boto, Encrypted=True, KmsKeyId="alias/typo")
    assert shown(boto, volume)["State"] == "creating"
    slow.bed.advance(31)
    with refused("InvalidVolume.NotFound"):
        shown(boto, volume)


def test_a_volume_is_creating_attaching_and_detaching_for_a_while(slow: Local, boto: Any) -> None:
    *_, host = hand.small_world(boto)
    volume = hand.volume(boto)
    assert shown(boto, volume)["State"] == "creating"
    with refused("IncorrectState"):
        attached(boto, volume, host)
    with refused("IncorrectState"):
        boto.delete_volume(VolumeId=volume)
    slow.bed.advance(31)
    attached(boto, volume, host)
    assert shown(boto, volume)["Attachments"][0]["State"] == "attaching"
    slow.bed.advance(31)
    assert (shown(boto, volume)["State"], shown(boto, volume)["Attachments"][0]["State"]) == (
        "in-use",
        "attached",
    )
    boto.detach_volume(VolumeId=volume)
    assert (shown(boto, volume)["State"], shown(boto, volume)["Attachments"][0]["State"]) == (
        "in-use",
        "detaching",
    )
    slow.bed.advance(31)
    assert (shown(boto, volume)["State"], shown(boto, volume)["Attachments"]) == ("available", [])


def test_a_volume_is_on_one_host_of_its_zone_under_a_device_of_its_own(boto: Any) -> None:
    _, place, web, host = hand.small_world(boto)
    other = hand.host(boto, place, [web])
    volume = hand.volume(boto)
    with refused("InvalidVolume.ZoneMismatch"):
        attached(boto, hand.volume(boto, zone="us-east-1b"), host)
    with refused("InvalidParameterValue"):
        attached(boto, volume, host, "/dev/disk1")
    attached(boto, volume, host)
    with refused("VolumeInUse"):
        attached(boto, volume, other, "/dev/sdg")
    with refused("InvalidParameterValue"):
        attached(boto, hand.volume(boto), host)
    with refused("VolumeInUse"):
        boto.delete_volume(VolumeId=volume)
    boto.detach_volume(VolumeId=volume)
    with refused("IncorrectState"):
        boto.detach_volume(VolumeId=volume)


def test_the_root_of_a_running_host_stays(boto: Any) -> None:
    hand.small_world(boto)
    root = boto.describe_volumes()["Volumes"][0]["VolumeId"]
    with refused("OperationNotPermitted"):
        boto.detach_volume(VolumeId=root)


def test_nothing_is_attached_to_a_host_that_does_not_run(slow: Local, boto: Any) -> None:
    volume = hand.volume(boto)
    slow.bed.advance(31)
    *_, host = hand.small_world(boto)
    with refused("IncorrectState"):
        attached(boto, volume, host)


def test_a_volume_that_does_not_go_with_its_host_is_left(boto: Any) -> None:
    *_, host = hand.small_world(boto)
    volume = hand.volume(boto)
    attached(boto, volume, host)
    boto.terminate_instances(InstanceIds=[host])
    assert [each["VolumeId"] for each in boto.describe_volumes()["Volumes"]] == [volume]
    assert shown(boto, volume)["State"] == "available"


def test_a_volume_grows_four_times_a_day_after_a_while_and_never_shrinks(slow: Local, boto: Any) -> None:
    volume = hand.volume(boto)
    slow.bed.advance(31)
    with refused("InvalidParameterValue"):
        boto.modify_volume(VolumeId=volume, Size=9)
    boto.modify_volume(VolumeId=volume, Size=20)
    with refused("IncorrectModificationState"):
        boto.modify_volume(VolumeId=volume, Size=30)
    told = []
    for _ in range(3):
        modification = boto.describe_volumes_modifications()["VolumesModifications"][0]
        told.append((modification["ModificationState"], shown(boto, volume)["Size"]))
        slow.bed.advance(31)
    assert told == [("modifying", 10), ("optimizing", 20), ("completed", 20)]
    for gib in (30, 40, 50):
        boto.modify_volume(VolumeId=volume, Size=gib)
        slow.bed.advance(62)
    with refused("VolumeModificationRateExceeded"):
        boto.modify_volume(VolumeId=volume, Size=60)
    slow.bed.advance(24 * 3600)
    boto.modify_volume(VolumeId=volume, Size=60)


def test_encryption_by_default_encrypts(boto: Any) -> None:
    boto.enable_ebs_encryption_by_default()
    hand.small_world(boto)
    hand.volume(boto)
    assert [each["Encrypted"] for each in boto.describe_volumes()["Volumes"]] == [True, True]
