"""What the bed's volumes hold, and what their snapshots keep of it."""

from typing import Any

import pytest

from bed import Local, Remote, hand, in_process
from bed.rules.contents import BLOCK, GIB

OTHER = "210987654321"


@pytest.fixture
def volume(ec2: Local, boto: Any) -> str:
    id = hand.volume(boto, gib=1)
    ec2.bed.write(id, b"first" * 3, 10)
    ec2.bed.write(id, b"across", BLOCK - 3)
    ec2.bed.write(id, b"last", GIB - 4)
    return id


def snapshot(boto: Any, volume: str) -> str:
    id: str = boto.create_snapshot(VolumeId=volume)["SnapshotId"]
    return id


def test_what_is_written_is_read_and_the_rest_is_zeros(ec2: Local, volume: str) -> None:
    assert ec2.bed.read(volume, 8, 20) == bytes(2) + b"firstfirstfirst" + bytes(3)
    assert ec2.bed.read(volume, BLOCK - 4, 8) == b"\0across\0"
    assert ec2.bed.read(volume, GIB - 8, 8) == bytes(4) + b"last"
    assert ec2.bed.read(volume, 5 * BLOCK, 2 * BLOCK) == bytes(2 * BLOCK)


@pytest.mark.parametrize("offset", [-1, GIB - 3])
def test_nothing_is_written_beyond_the_end(ec2: Local, volume: str, offset: int) -> None:
    with pytest.raises(ValueError, match="not within 1 GiB"):
        ec2.bed.write(volume, b"more", offset)
    with pytest.raises(ValueError, match="there is no vol-0"):
        ec2.bed.write("vol-0", b"more", 0)


def test_a_snapshot_keeps_what_was_there_and_so_does_a_volume_of_it(
    ec2: Local, boto: Any, volume: str
) -> None:
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    taken = snapshot(boto, volume)
    ec2.bed.write(volume, b"later", 10)
    ec2.bed.advance(31)
    made = boto.create_volume(SnapshotId=taken, AvailabilityZone="us-east-1a", Size=2)["VolumeId"]
    ec2.bed.write(made, b"other", 10)
    held = [ec2.bed.read(id, 10, 10) for id in (taken, volume, made)]
    assert held == [b"firstfirst", b"laterfirst", b"otherfirst"]
    assert ec2.bed.read(made, GIB - 4, 8) == b"last" + bytes(4)


def test_a_copy_elsewhere_and_in_another_account_holds_the_same(ec2: Local, boto: Any, volume: str) -> None:
    ec2.bed.add_account(OTHER, "AKIAOTHEROTHEROTHER0", "other-secret")
    taken = snapshot(boto, volume)
    share = {"Add": [{"UserId": OTHER}]}
    boto.modify_snapshot_attribute(
        SnapshotId=taken, Attribute="createVolumePermission", CreateVolumePermission=share
    )
    west = hand.client(ec2.endpoint, region="us-west-2", key="AKIAOTHEROTHEROTHER0", secret="other-secret")
    copy = west.copy_snapshot(SourceSnapshotId=taken, SourceRegion="us-east-1", Encrypted=True)["SnapshotId"]
    boto.delete_snapshot(SnapshotId=taken)
    assert ec2.bed.read(copy, 10, 5) == b"first"
    with pytest.raises(ValueError, match="there is no"):
        ec2.bed.read(taken, 10, 5)


@pytest.fixture(scope="module")
def process() -> Any:
    with in_process() as remote:
        yield remote


def test_bytes_go_over_http_too(process: Remote) -> None:
    id = hand.volume(hand.client(process.endpoint), gib=1)
    process.bed.write(id, bytes(range(256)), 7)
    assert process.bed.read(id, 7, 256) == bytes(range(256))
    with pytest.raises(RuntimeError, match="not within 1 GiB"):
        process.bed.read(id, GIB, 1)
