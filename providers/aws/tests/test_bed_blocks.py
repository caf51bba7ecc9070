"""The bed's EBS direct APIs, by boto3: who may read which blocks of what, and what comes of it."""

import base64
import hashlib
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError

from bed import Local, hand
from bed.hand import refused
from bed.rules.contents import BLOCK

OTHER = ("210987654321", "AKIAOTHEROTHEROTHER0", "other-secret")
HELPER = ("123456789012", "AKIAHELPERHELPER0000", "helper-secret")
READ = ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"]


@pytest.fixture
def ebs(ec2: Local) -> Any:
    return hand.client(ec2.endpoint, "ebs")


@pytest.fixture
def volume(ec2: Local, boto: Any) -> str:
    """Of 1 GiB, with three blocks written."""
    id = hand.volume(boto, gib=1)
    for index in (1, 7, 2047):
        ec2.bed.write(id, f"block {index}".encode(), index * BLOCK)
    return id


def snapshot(boto: Any, volume: str) -> str:
    id: str = boto.create_snapshot(VolumeId=volume)["SnapshotId"]
    return id


@pytest.fixture
def taken(boto: Any, volume: str) -> str:
    return snapshot(boto, volume)


def tokens(ebs: Any, snapshot: str, **asked: Any) -> dict[int, str]:
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot, **asked)["Blocks"]
    return {each["BlockIndex"]: each["BlockToken"] for each in listed}


def read(ebs: Any, snapshot: str, index: int = 7, token: str = "") -> Any:
    token = token or tokens(ebs, snapshot)[index]
    return ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)


def reason(error: pytest.ExceptionInfo[ClientError]) -> Any:
    return error.value.response.get("Reason")


def test_only_blocks_that_were_written_are_listed_and_each_is_read_whole(ebs: Any, taken: str) -> None:
    listed = ebs.list_snapshot_blocks(SnapshotId=taken)
    assert [each["BlockIndex"] for each in listed["Blocks"]] == [1, 7, 2047]
    assert (listed["VolumeSize"], listed["BlockSize"]) == (1, BLOCK)
    assert "NextToken" not in listed
    told = read(ebs, taken)
    data = told["BlockData"].read()
    assert data == b"block 7" + bytes(BLOCK - 7)
    assert (told["DataLength"], told["ChecksumAlgorithm"]) == (BLOCK, "SHA256")
    assert told["Checksum"] == base64.b64encode(hashlib.sha256(data).digest()).decode()


def test_a_volume_that_nobody_wrote_to_has_no_blocks(ebs: Any, boto: Any) -> None:
    assert tokens(ebs, snapshot(boto, hand.volume(boto, gib=1))) == {}


def test_a_list_begins_where_it_is_told_to_and_has_pages(ec2: Local, ebs: Any, taken: str) -> None:
    assert [*tokens(ebs, taken, StartingBlockIndex=2)] == [7, 2047]
    ec2.bed.configure(page_limit=2)
    first = ebs.list_snapshot_blocks(SnapshotId=taken, MaxResults=100)
    assert [each["BlockIndex"] for each in first["Blocks"]] == [1, 7]
    assert [*tokens(ebs, taken, NextToken=first["NextToken"], StartingBlockIndex=1)] == [2047]
    ec2.bed.advance(3601)
    with refused("ValidationException"):
        tokens(ebs, taken, NextToken=first["NextToken"])


def test_parameters_are_held_to_the_model(ec2: Local, taken: str) -> None:
    careless = boto3.client(
        "ebs",
        region_name="us-east-1",
        endpoint_url=ec2.endpoint,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    for wrong in ({"MaxResults": 99}, {"MaxResults": 10_001}, {"SnapshotId": "vol-1"}, {"NextToken": "{}"}):
        with refused("ValidationException"):
            careless.list_snapshot_blocks(**{"SnapshotId": taken, **wrong})
    assert len(ec2.bed.violations) == 4


def test_a_token_is_of_one_block_of_one_snapshot_for_seven_days(
    ec2: Local, ebs: Any, boto: Any, volume: str, taken: str
) -> None:
    known = tokens(ebs, taken)
    other = snapshot(boto, volume)
    for index, token in ((1, known[7]), (7, "bm9ib2R5"), (7, tokens(ebs, other)[7])):
        with pytest.raises(ClientError) as error:
            read(ebs, taken, index, token)
        assert reason(error) == "INVALID_BLOCK_TOKEN"
    ec2.bed.advance(7 * 24 * 3600 - 600)  # the bed's clock goes on meanwhile, as a real one does
    read(ebs, taken, 7, known[7])
    ec2.bed.advance(601)
    with refused("ValidationException"):
        read(ebs, taken, 7, known[7])


def test_a_snapshot_is_read_once_it_is_completed(ec2: Local, ebs: Any, boto: Any, volume: str) -> None:
    ec2.bed.configure(live_clock=False, pending_seconds=30)
    id = snapshot(boto, volume)
    with pytest.raises(ClientError) as error:
        tokens(ebs, id)
    assert reason(error) == "INVALID_SNAPSHOT_ID"
    ec2.bed.advance(31)
    assert len(tokens(ebs, id)) == 3
    with refused("ResourceNotFoundException"):
        tokens(ebs, "snap-0123456789abcdef0")
    with refused("ResourceNotFoundException"):
        tokens(hand.client(ec2.endpoint, "ebs", region="us-west-2"), id)


def test_a_snapshot_of_another_account_is_read_where_it_is_shared(
    ec2: Local, ebs: Any, boto: Any, taken: str
) -> None:
    ec2.bed.add_account(*OTHER)
    stranger = hand.client(ec2.endpoint, "ebs", key=OTHER[1], secret=OTHER[2])
    with refused("ResourceNotFoundException"):
        tokens(stranger, taken)
    share = {"Add": [{"UserId": OTHER[0]}]}
    boto.modify_snapshot_attribute(
        SnapshotId=taken, Attribute="createVolumePermission", CreateVolumePermission=share
    )
    assert read(stranger, taken)["BlockData"].read().startswith(b"block 7")


def helper(ec2: Local, *statements: dict[str, Any]) -> Any:
    """The client of a key that has a policy of its own."""
    ec2.bed.add_account(*HELPER, policy={"Statement": [{"Effect": "Allow", **each} for each in statements]})
    return hand.client(ec2.endpoint, "ebs", key=HELPER[1], secret=HELPER[2])


def test_the_callers_policy_is_asked_by_action_snapshot_and_tag(
    ec2: Local, ebs: Any, boto: Any, volume: str, taken: str
) -> None:
    tagged = {"Null": {"aws:ResourceTag/portinfra:scope": "false"}}
    every = "arn:aws:ec2:us-east-1::snapshot/*"
    list_only = helper(ec2, {"Action": READ[:1], "Resource": every})
    with pytest.raises(ClientError, match="not authorized to perform: ebs:GetSnapshotBlock") as error:
        read(list_only, taken)
    assert (error.value.response["Error"]["Code"], reason(error)) == (
        "AccessDeniedException",
        "UNAUTHORIZED_ACCOUNT",
    )
    with refused("AccessDeniedException"):
        tokens(helper(ec2, {"Action": READ, "Resource": every.replace("us-east", "us-west")}), taken)
    ours = helper(ec2, {"Action": READ, "Resource": every, "Condition": tagged})
    with refused("AccessDeniedException"):
        tokens(ours, taken)
    boto.create_tags(Resources=[taken], Tags=[{"Key": "portinfra:scope", "Value": "shop/production"}])
    read(ours, taken)


def test_what_is_encrypted_takes_its_key(ec2: Local, boto: Any) -> None:
    volume = hand.volume(boto, gib=1, Encrypted=True, KmsKeyId="alias/shop")
    ec2.bed.write(volume, b"secret", 7 * BLOCK)
    id = snapshot(boto, volume)
    key = boto.describe_snapshots(SnapshotIds=[id])["Snapshots"][0]["KmsKeyId"]
    reading = {"Action": READ, "Resource": "*"}
    with pytest.raises(ClientError, match="kms:Decrypt") as error:
        read(helper(ec2, reading), id)
    assert reason(error) == "DEPENDENCY_ACCESS_DENIED"
    read(helper(ec2, reading, {"Action": "kms:Decrypt", "Resource": key}), id)
    for alias, works in (("alias/shop", True), ("alias/other", False)):
        named = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
        by_alias = helper(ec2, reading, {"Action": "kms:Decrypt", "Resource": "*", "Condition": named})
        if works:
            read(by_alias, id)
        else:
            with refused("AccessDeniedException"):
                read(by_alias, id)


def test_signatures_are_checked(ec2: Local, taken: str) -> None:
    with refused("InvalidSignatureException"):
        tokens(hand.client(ec2.endpoint, "ebs", secret="wrong"), taken)
    with refused("UnrecognizedClientException"):
        tokens(hand.client(ec2.endpoint, "ebs", key="AKIANOBODYNOBODYNOBO"), taken)


def test_faults_strike_in_the_words_of_ebs(ec2: Local, ebs: Any, taken: str) -> None:
    ec2.bed.fault("throttled", action="ListSnapshotBlocks")
    with refused("RequestThrottledException"):
        tokens(ebs, taken)
    ec2.bed.fault("internal error", action="GetSnapshotBlock")
    with refused("InternalServerException"):
        read(ebs, taken)
    ec2.bed.fault("dropped before", action="GetSnapshotBlock")
    with pytest.raises(ConnectionClosedError):
        read(ebs, taken)
    ec2.bed.fault("cut short", action="GetSnapshotBlock")
    with pytest.raises(ResponseStreamingError):
        read(ebs, taken)["BlockData"].read()
    ec2.bed.fault("damaged", action="GetSnapshotBlock")
    told = read(ebs, taken)
    assert base64.b64decode(told["Checksum"]) != hashlib.sha256(told["BlockData"].read()).digest()
    assert read(ebs, taken)["BlockData"].read().startswith(b"block 7")
