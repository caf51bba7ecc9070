"""Disks and snapshots: where they come from, how large they are, whose they are, and with which key."""

import pytest

from emulator import Local
from emulator.hand import DEBIAN, REGION, ZONE, Hand, refused

KEY = "projects/keys/locations/europe-west1/keyRings/ring/cryptoKeys/volumes"


def disk(hand: Hand, name: str = "d") -> object:
    return hand.ask("Disks", "get", zone=ZONE, disk=name)


def snapshot(hand: Hand, name: str = "shot", **more: object) -> None:
    told = {"name": name, **more}
    hand.do("Disks", "create_snapshot", zone=ZONE, disk="d", snapshot_resource=told)


def test_sizes_come_from_the_source_or_are_the_usual_ones(hand: Hand) -> None:
    for name, body, size in (
        ("standard", {}, 500),
        ("balanced", {"type_": f"projects/portinfra-bed/zones/{ZONE}/diskTypes/pd-balanced"}, 100),
        ("image", {"source_image": DEBIAN}, 10),
        ("larger", {"source_image": DEBIAN, "size_gb": 25}, 25),
    ):
        hand.do("Disks", "insert", zone=ZONE, disk_resource={"name": name, **body})
        assert disk(hand, name).size_gb == size
    for body in ({"source_image": DEBIAN, "size_gb": 9}, {"size_gb": 70000}):
        with refused(400, "Disk size must be between"):
            hand.do("Disks", "insert", zone=ZONE, disk_resource={"name": "d", **body})


def test_an_image_family_is_its_newest_member_that_is_not_deprecated(hand: Hand) -> None:
    newest = hand.ask("Images", "get_from_family", project="debian-cloud", family="debian-12")
    assert newest.name == "debian-12-bookworm-v20251209"
    hand.do("Disks", "insert", zone=ZONE, disk_resource={"name": "d", "source_image": DEBIAN})
    assert disk(hand).source_image == newest.self_link
    with refused(404):
        hand.ask("Images", "get_from_family", project="debian-cloud", family="debian-7")
    with refused(404):
        hand.do("Disks", "insert", zone=ZONE, disk_resource={"name": "e", "source_image": "global/images/no"})


def test_a_disk_only_grows(hand: Hand) -> None:
    hand.disk(gigabytes=10)
    for size in (10, 9):
        with refused(400, "must be larger"):
            request = {"size_gb": size}
            hand.do("Disks", "resize", zone=ZONE, disk="d", disks_resize_request_resource=request)
    hand.do("Disks", "resize", zone=ZONE, disk="d", disks_resize_request_resource={"size_gb": 11})
    assert disk(hand).size_gb == 11


def test_a_disk_is_one_instances_while_it_is_attached(gce: Local, hand: Hand) -> None:
    hand.small_world()
    hand.host("j", "10.0.0.11")
    hand.disk()
    hand.disk("far", zone=f"{REGION}-c")
    attached = {"source": f"zones/{ZONE}/disks/d", "device_name": "data"}
    hand.do("Instances", "attach_disk", zone=ZONE, instance="i", attached_disk_resource=attached)
    assert [user.rpartition("/")[2] for user in disk(hand).users] == ["i"]
    assert "attachment d on i as data kept @portinfra-bed" in gce.bed.ground_truth()
    with refused(400, "is already being used by"):
        hand.do("Disks", "delete", zone=ZONE, disk="d")
    with refused(400, "is already being used by"):
        hand.do("Instances", "attach_disk", zone=ZONE, instance="j", attached_disk_resource=attached)
    far = {"source": f"zones/{REGION}-c/disks/far"}
    with refused(400, "Disk must be in the same zone as the instance"):
        hand.do("Instances", "attach_disk", zone=ZONE, instance="i", attached_disk_resource=far)
    with refused(400, "No attached disk found"):
        hand.do("Instances", "detach_disk", zone=ZONE, instance="i", device_name="d")
    hand.do("Instances", "detach_disk", zone=ZONE, instance="i", device_name="data")
    hand.do("Instances", "attach_disk", zone=ZONE, instance="j", attached_disk_resource=attached)
    hand.do("Instances", "delete", zone=ZONE, instance="j")
    hand.do("Disks", "delete", zone=ZONE, disk="d")


def test_device_names_are_each_used_once(hand: Hand) -> None:
    hand.small_world()
    for name in "de":
        hand.disk(name)
    attached = {"source": f"zones/{ZONE}/disks/d", "device_name": "data"}
    hand.do("Instances", "attach_disk", zone=ZONE, instance="i", attached_disk_resource=attached)
    other = {"source": f"zones/{ZONE}/disks/e", "device_name": "data"}
    with refused(400, "device name is in use"):
        hand.do("Instances", "attach_disk", zone=ZONE, instance="i", attached_disk_resource=other)


def test_a_snapshot_makes_a_disk_in_another_region(gce: Local, hand: Hand) -> None:
    hand.disk(gigabytes=20)
    gce.bed.configure(live_clock=False, pending_seconds=10)
    given = {"zone": ZONE, "disk": "d", "snapshot_resource": {"name": "shot", "labels": {"a": "b"}}}
    begun = hand.begin("Disks", "create_snapshot", **given)
    assert hand.ask("Snapshots", "get", snapshot="shot").status == "CREATING"
    copy = {"name": "copy", "source_snapshot": "global/snapshots/shot"}
    with refused(400, "is not ready"):
        hand.do("Disks", "insert", zone="us-east1-b", disk_resource=copy)
    gce.bed.advance(6)
    assert hand.ask("Snapshots", "get", snapshot="shot").status == "UPLOADING"
    with refused(400, "is not ready"):
        hand.do("Disks", "insert", zone="us-east1-b", disk_resource=copy)
    hand.wait(begun)
    shot = hand.ask("Snapshots", "get", snapshot="shot")
    assert (shot.status, shot.disk_size_gb, list(shot.storage_locations)) == ("READY", 20, ["eu"])
    assert dict(shot.labels) == {"a": "b"}
    hand.do("Disks", "insert", zone="us-east1-b", disk_resource=copy)
    hand.do("Disks", "delete", zone=ZONE, disk="d")
    hand.do("Snapshots", "delete", snapshot="shot")
    assert [line.split(" ")[:2] for line in gce.bed.ground_truth()] == [["disk", "copy"]]


def test_a_snapshot_has_what_its_disk_had_when_it_left_creating(gce: Local, hand: Hand) -> None:
    hand.disk()
    gce.bed.configure(live_clock=False, pending_seconds=10)
    gce.bed.write("d", b"before the request")
    begun = hand.begin("Disks", "create_snapshot", zone=ZONE, disk="d", snapshot_resource={"name": "shot"})
    gce.bed.write("d", b"while it is CREATING")
    gce.bed.advance(6)
    gce.bed.write("d", b"while it is UPLOADING")
    hand.wait(begun)
    copy = {"name": "copy", "source_snapshot": "global/snapshots/shot"}
    hand.do("Disks", "insert", zone=ZONE, disk_resource=copy)
    assert gce.bed.read("copy") == b"while it is CREATING"


def test_snapshots_are_stored_where_there_is_storage_once(hand: Hand) -> None:
    hand.disk()
    body = {"name": "one", "source_disk": f"zones/{ZONE}/disks/d", "storage_locations": ["us-east1"]}
    hand.do("Snapshots", "insert", snapshot_resource=body)
    for places in (["mars"], ["us", "eu"]):
        with refused(400):
            snapshot(hand, storage_locations=places)
    with refused(409):
        snapshot(hand, "one")


def test_a_key_must_be_ours_and_near_and_is_told_with_its_version(gce: Local, hand: Hand) -> None:
    hand.disk(disk_encryption_key={"kms_key_name": KEY})
    assert disk(hand).disk_encryption_key.kms_key_name == f"{KEY}/cryptoKeyVersions/1"
    snapshot(hand)
    shot = hand.ask("Snapshots", "get", snapshot="shot")
    assert shot.snapshot_encryption_key.kms_key_name == f"{KEY}/cryptoKeyVersions/1"
    gce.bed.configure(keys=[])
    with refused(400, "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource"):
        hand.disk("e", disk_encryption_key={"kms_key_name": KEY})
    for key in ("alias/volumes", KEY.replace("europe-west1", "us-east1")):
        with refused(400, "diskEncryptionKey.kmsKeyName"):
            hand.disk("e", disk_encryption_key={"kms_key_name": key})


@pytest.mark.parametrize("type_", ["pd-magic", "pd-ssd-of-another-zone"])
def test_a_disk_type_must_be_of_the_zone(hand: Hand, type_: str) -> None:
    zone = ZONE if type_ == "pd-magic" else f"{REGION}-c"
    with refused(404 if type_ == "pd-magic" else 400):
        hand.disk(type_=f"projects/portinfra-bed/zones/{zone}/diskTypes/{type_}")
