"""A snapshot's blocks, as a host reads them: the command, run by bash against the bed."""

import ast
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from attrs import evolve

from bed import Local, hand
from bed.conformance_bed import AwsBed
from bed.hand import refused
from bed.rules.contents import BLOCK, GIB
from portinfra.model.address import Scope
from portinfra_aws import plugin
from portinfra_aws.block_export import command, reader

HELPER = ("123456789012", "AKIAHELPERHELPER0000", "helper-secret")
PRODUCTION = evolve(AwsBed.environment, key="alias/shop")
TAKEN = Scope("shop", "production").beside("taken")
WRITTEN = (0, *range(5, 25), 100, 101, 2047)
"""More than are asked for at once, with holes and without, up to the last."""
SHA256 = (
    "python3 -c 'import hashlib, sys; print(hashlib.file_digest(sys.stdin.buffer, \"sha256\").hexdigest())'"
)
"""Six times as fast as sha256sum: what it runs on has instructions for it."""


@pytest.fixture
def bash(tmp_path: Path) -> Any:
    """Runs a script, with this Python as the host's."""
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"

    def run(script: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": path, **more}
        words = ["bash", "-c", f"set -o pipefail\n{script}"]
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


PLACE = 11
"""Where in its block each text begins."""


def content(index: int) -> bytes:
    """Return the text that is written into a block."""
    return f"block {index}".encode() * 1000


@pytest.fixture
def volume(ec2: Local, boto: Any) -> str:
    ec2.bed.configure(page_limit=7)
    id = hand.volume(boto, gib=1, Encrypted=True, KmsKeyId="alias/shop")
    for index in WRITTEN:
        ec2.bed.write(id, content(index), index * BLOCK + PLACE)
    return id


def snapshot(boto: Any, volume: str, scope: Scope = TAKEN) -> str:
    """One that says of which scope it is."""
    tags = [{"Key": "portinfra:scope", "Value": str(scope)}]
    given = [{"ResourceType": "snapshot", "Tags": tags}]
    id: str = boto.create_snapshot(VolumeId=volume, TagSpecifications=given)["SnapshotId"]
    return id


@pytest.fixture
def taken(boto: Any, volume: str) -> str:
    return snapshot(boto, volume)


@pytest.fixture(scope="module")
def digest() -> str:
    """Return the SHA-256 of all that each `volume` holds."""
    whole, zeros = hashlib.sha256(), bytes(BLOCK)
    for index in range(GIB // BLOCK):
        text = content(index)
        whole.update(zeros[:PLACE] + text + zeros[PLACE + len(text) :] if index in WRITTEN else zeros)
    return whole.hexdigest()


def told(snapshot: str, gib: int = 1) -> str:
    return plugin.block_reader(PRODUCTION, snapshot, gib).command


def blocks_read(ec2: Local) -> set[int]:
    """Return which blocks were asked for. On a slow machine, one may be asked for again."""
    return {int(sent["blockIndex"]) for action, sent in ec2.bed.log if action == "GetSnapshotBlock"}


def failed(run: subprocess.CompletedProcess[str], said: str) -> None:
    """It ended with an error, and one line that says this."""
    assert run.returncode == 1
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stderr


def test_the_whole_volume_comes_in_order_and_standard_input_stays_alone(
    ec2: Local, bash: Any, taken: str, digest: str
) -> None:
    script = f"echo later | {{ {told(taken)} | tee >(wc -c >&2) | {SHA256}; cat; }}"
    run = bash(script)
    assert run.returncode == 0
    assert run.stdout == f"{digest}\nlater\n"
    assert run.stderr.strip() == str(GIB)
    assert blocks_read(ec2) == {*WRITTEN}
    assert ec2.bed.calls["ListSnapshotBlocks"] == 4
    assert ec2.bed.violations == []


def test_what_nobody_wrote_to_is_all_zeros(boto: Any, bash: Any) -> None:
    id = boto.create_snapshot(VolumeId=hand.volume(boto, gib=1))["SnapshotId"]
    assert bash(f"{told(id)} | cmp - <(head -c {GIB} /dev/zero)").returncode == 0


@pytest.mark.parametrize("mishap", ["throttled", "unavailable", "dropped before", "cut short", "damaged"])
def test_what_goes_wrong_for_a_while_changes_no_byte(
    ec2: Local, bash: Any, taken: str, digest: str, mishap: str
) -> None:
    ec2.bed.fault(mishap, action="GetSnapshotBlock", at=3, times=2)
    run = bash(f"{told(taken)} | {SHA256}")
    assert (run.returncode, run.stdout) == (0, f"{digest}\n"), run.stderr


def test_a_block_that_always_comes_damaged_ends_it(ec2: Local, bash: Any, taken: str) -> None:
    ec2.bed.fault("damaged", action="GetSnapshotBlock", times=1000)
    failed(bash(f"{told(taken)} | cat > /dev/null"), "block 0 failed 5 times: its checksum is wrong")


def test_a_snapshot_of_before_its_volume_grew_is_filled_up(ec2: Local, bash: Any, taken: str) -> None:
    run = bash(f"{told(taken, 2)} | tee >(tail -c {GIB} | cmp - <(head -c {GIB} /dev/zero) >&2) | wc -c")
    assert (run.returncode, run.stdout.strip(), run.stderr) == (0, str(2 * GIB), "")
    assert blocks_read(ec2) == {*WRITTEN}


def test_a_snapshot_that_is_larger_is_not_read(ec2: Local, boto: Any, bash: Any) -> None:
    id = boto.create_snapshot(VolumeId=hand.volume(boto, gib=2))["SnapshotId"]
    failed(bash(f"{told(id)} | cat > /dev/null"), "it has 2 GiB")
    assert ec2.bed.calls["GetSnapshotBlock"] == 0


def test_a_snapshot_that_is_gone_is_named(boto: Any, bash: Any, taken: str) -> None:
    boto.delete_snapshot(SnapshotId=taken)
    failed(bash(told(taken)), f"snapshot {taken}: ResourceNotFoundException")


def test_a_reader_that_goes_away_ends_it_without_a_word(bash: Any, taken: str) -> None:
    run = bash(f"{told(taken)} | head -c 12")
    assert (run.returncode, run.stderr) == (141, "")


def helper(ec2: Local, policy: dict[str, Any]) -> dict[str, str]:
    """The credentials of a host whose role has this policy."""
    ec2.bed.add_account(*HELPER, policy=policy)
    return {"AWS_ACCESS_KEY_ID": HELPER[1], "AWS_SECRET_ACCESS_KEY": HELPER[2]}


def granted(environment: Any = PRODUCTION) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(plugin.block_grants(environment, TAKEN))["role"]["policy"]
    return policy


@pytest.mark.parametrize("named", ["alias", "id", "arn"])
def test_what_is_to_be_granted_is_enough(ec2: Local, boto: Any, bash: Any, taken: str, named: str) -> None:
    arn = boto.describe_snapshots(SnapshotIds=[taken])["Snapshots"][0]["KmsKeyId"]
    key = {"alias": "alias/shop", "id": arn.rpartition("/")[2], "arn": arn}[named]
    run = bash(f"{told(taken)} | wc -c", **helper(ec2, granted(evolve(PRODUCTION, key=key))))
    assert (run.returncode, run.stdout.strip()) == (0, str(GIB)), run.stderr


@pytest.mark.parametrize("missing", ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock", "kms:Decrypt"])
def test_none_of_it_is_too_much(ec2: Local, bash: Any, taken: str, missing: str) -> None:
    policy = json.loads(json.dumps(granted()).replace(missing, "ebs:Nothing"))
    run = bash(f"{told(taken)} | wc -c", **helper(ec2, policy))
    failed(run, f"is not authorized to perform: {missing} on resource")


def test_nothing_is_granted_of_another_scope(ec2: Local, boto: Any, bash: Any, volume: str) -> None:
    for scope in (Scope("shop", "production"), Scope("payments", "production").beside("taken")):
        other = snapshot(boto, volume, scope)
        failed(bash(told(other), **helper(ec2, granted())), "ebs:ListSnapshotBlocks")
    boto.delete_tags(Resources=[other], Tags=[{"Key": "portinfra:scope"}])
    failed(bash(told(other), **helper(ec2, granted())), "ebs:ListSnapshotBlocks")
    assert ":us-east-1::snapshot/*" in json.dumps(granted())


@pytest.mark.parametrize("kind", ["key", "alias"])
def test_a_key_of_another_account_is_granted_as_that_accounts(
    ec2: Local, boto: Any, bash: Any, kind: str
) -> None:
    alias = "arn:aws:kms:us-east-1:210987654321:alias/safe"
    volume = hand.volume(boto, gib=1, Encrypted=True, KmsKeyId=alias)
    ec2.bed.write(volume, b"x", 0)
    id = snapshot(boto, volume)
    key = boto.describe_snapshots(SnapshotIds=[id])["Snapshots"][0]["KmsKeyId"]
    named = evolve(PRODUCTION, key={"key": key, "alias": alias}[kind])
    run = bash(f"{told(id)} | wc -c", **helper(ec2, granted(named)))
    assert (run.returncode, run.stdout.strip()) == (0, str(GIB)), run.stderr
    decrypt = granted(named)["Statement"][1]
    assert decrypt["Resource"] == {"key": key, "alias": "arn:aws:kms:us-east-1:210987654321:key/*"}[kind]


def test_without_a_key_of_ones_own_it_is_that_of_ebs(boto: Any, ec2: Local, bash: Any) -> None:
    volume = hand.volume(boto, gib=1, Encrypted=True)
    ec2.bed.write(volume, b"x", 0)
    id = snapshot(boto, volume)
    own = helper(ec2, granted(evolve(PRODUCTION, key=None)))
    assert bash(f"{told(id)} | wc -c", **own).stdout.strip() == str(GIB)


def test_whoever_recovers_is_told_to_pass_one_role() -> None:
    (statement,) = json.loads(plugin.block_grants(PRODUCTION, TAKEN))["pass"]["policy"]["Statement"]
    assert statement["Action"] == "iam:PassRole"
    assert statement["Resource"].startswith("arn:aws:iam::123456789012:role/")


@pytest.fixture
def session(ec2: Local) -> dict[str, str]:
    """The credentials of a role, as a host gets them."""
    sts = hand.client(ec2.endpoint, "sts")
    role = "arn:aws:iam::123456789012:role/helper"
    credentials: dict[str, Any] = sts.assume_role(RoleArn=role, RoleSessionName="i-1")["Credentials"]
    return {name: str(value) for name, value in credentials.items()}


def test_no_secret_is_in_what_it_says(ec2: Local, bash: Any, taken: str, session: dict[str, str]) -> None:
    key, token = session["AccessKeyId"], session["SessionToken"]
    wrong = hand.client(ec2.endpoint, "ebs", key=key, secret="a-wrong-secret", token=token)
    with refused("InvalidSignatureException") as quoted:
        wrong.list_snapshot_blocks(SnapshotId=taken)
    assert f"\nx-amz-security-token:{token}\n" in quoted[0]
    own = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "a-wrong-secret", "AWS_SESSION_TOKEN": token}
    run = bash(told(taken), **own)
    failed(run, "InvalidSignatureException")
    assert not [word for word in ("a-wrong-secret", token, "Canonical", "x-amz") if word in run.stderr]


class Metadata(ThreadingHTTPServer):
    """A host's metadata service."""

    def __init__(self, role: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Told)
        self.role = json.dumps(role)
        self.late = 0
        """How often it will still say that the host has no role."""


class _Told(BaseHTTPRequestHandler):
    server: Metadata

    def do_PUT(self) -> None:
        self._say(200, "a token")

    def do_GET(self) -> None:
        if self.server.late:
            self.server.late -= 1
            self._say(404, "Not Found")
        else:
            self._say(200, self.server.role if self.path.endswith("/helper") else "helper")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is said."""

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def metadata(session: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    """The service of a host that has no other credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    role = {**session, "Token": session["SessionToken"], "Expiration": "2100-01-01T00:00:00Z"}
    with Metadata(role) as server:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def patient(command: str, seconds: float) -> str:
    """The command, with so much patience, and pauses of next to nothing."""
    waits = "PATIENCE, PAUSE = 120, 3\n"
    assert waits in command
    return command.replace(waits, f"PATIENCE, PAUSE = {seconds}, 0.01\n")


def test_a_role_that_comes_some_time_after_its_host_is_waited_for(
    bash: Any, taken: str, digest: str, metadata: Metadata
) -> None:
    metadata.late = 7
    run = bash(f"{patient(told(taken), 60)} | {SHA256}")
    assert (run.returncode, run.stdout) == (0, f"{digest}\n"), run.stderr
    assert metadata.late == 0


def test_a_host_whose_role_never_comes_says_what_it_lacks(bash: Any, taken: str, metadata: Metadata) -> None:
    metadata.late = 1000
    run = bash(patient(told(taken), 3))
    failed(run, "this host has no credentials: check its instance profile")
    assert metadata.late < 999, "asked more than once"


def test_it_has_room_in_user_data_and_runs_on_python_3_9() -> None:
    made = plugin.block_reader(PRODUCTION, "snap-0123456789abcdef0", 16_384)
    assert len(made.command) < 4096
    assert made.tools == ("python3",)
    source = Path(command.__file__).with_name(command.SCRIPT).read_text()
    assert "'" not in source, "it stands between single quotes, to be read in user data"
    ast.parse(source, feature_version=(3, 9))
    assert plugin.capabilities.block_export


class Pages:
    """An EBS that answers a list with these pages, as sparsely as it may; notes what it was asked."""

    def __init__(self, *pages: list[int], gib: int = 1) -> None:
        self.pages = list(pages)
        self.gib = gib
        self.asked: list[dict[str, Any]] = []

    def list_snapshot_blocks(self, SnapshotId: str, MaxResults: int, **more: Any) -> dict[str, Any]:
        self.asked.append(more)
        page = self.pages[len(self.asked) - 1]
        blocks = [{"BlockIndex": index, "BlockToken": f"token {index}"} for index in page]
        last = len(self.asked) == len(self.pages)
        more = {} if last else {"NextToken": f"page {len(self.asked)}"}
        more |= {"Blocks": blocks} if blocks else {}
        return {"VolumeSize": self.gib, "BlockSize": BLOCK, **more}


def test_nothing_is_asked_for_beyond_the_end() -> None:
    """A page may have a token although it ends with the last block."""
    ebs = Pages([3, 2047], [])
    assert [index for index, _ in reader.list_blocks(ebs, "snap-1", 2)] == [3, 2047]
    assert ebs.asked == [{"StartingBlockIndex": 0}]


def test_an_empty_page_is_not_the_last_and_no_page_token_grows_old() -> None:
    """ "the request can return less blocks than MaxResults or an empty array"; tokens end in an hour."""
    ebs = Pages([3, 4], [], [], [9])
    assert [*reader.list_blocks(ebs, "snap-1", 1)] == [(index, f"token {index}") for index in (3, 4, 9)]
    assert ebs.asked == [
        {"StartingBlockIndex": 0},
        {"StartingBlockIndex": 5},
        {"NextToken": "page 2"},
        {"NextToken": "page 3"},
    ]


@pytest.mark.parametrize("pages", [([4, 3],), ([3], [3]), ([2048],)])
def test_blocks_that_are_out_of_place_are_not_written(pages: tuple[list[int], ...]) -> None:
    with pytest.raises(ValueError, match="not in order"):
        list(reader.list_blocks(Pages(*pages), "snap-1", 1))


def test_no_more_blocks_are_in_memory_than_are_asked_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[int] = []
    monkeypatch.setattr(reader, "fetch_block", lambda _ebs, _snapshot, index, _token: fetched.append(index))
    coming = reader.in_order(Pages(list(range(1000))), "snap-1", 1)
    for written in range(100):
        assert next(coming)[0] == written
        assert len(fetched) <= written + reader.AHEAD
