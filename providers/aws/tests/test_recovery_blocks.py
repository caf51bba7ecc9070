"""Recovery from one region to another through a vault, with the bytes that the bed holds: a helper reads the
snapshots' blocks by the EBS direct APIs, as its instance profile lets it, and no volume is made of them.
One that receives has no profile.

The bed's instances run nothing, so a stand-in runs the helpers' scripts, with keys of their own account and
the policy that is printed for them.
"""

import json
import os
import subprocess
import sys
from unittest import mock

import pytest
from attrs import evolve, frozen

from bed.conformance_bed import PASSING, AwsBed
from bed.identities import ACCOUNT
from bed.rules.contents import BLOCK, GIB
from bed.rules.profiles import arn
from portinfra import DataPolicy, RecoveryPlan, Role, Topology, Vault, Volume, dr, workflow
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.emulator import EmulatorClock
from portinfra.testing.local_scripts import LocalScriptRunner

pytestmark = pytest.mark.tools("age", "rclone", "zstd")
ONE = dr.RunOptions(seed=0)
FEW = {"R6": "as small as can be"}
SHOP = Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=1)], waive=FEW)])
PRODUCTION = evolve(AwsBed.environment, key="alias/shop")
RECOVERY = evolve(
    PRODUCTION,
    name="recovery",
    on="aws:us-west-2",
    zones=("us-west-2a", "us-west-2b"),
    account="210987654321",
    credentials={"role": "portinfra"},
    key="alias/recovery",
    cidr="10.40.0.0/16",
)
EBS = "44.192.140.112/28:443"
ZEROS = bytes(BLOCK)
"""A block that nobody wrote to; `any` of a block takes a hundred times as long as to compare it."""
LEDGER = b"a row that hums"
FAR = 1234 * BLOCK + 99
"""Somewhere in the middle, far from any other block that was ever written."""


def blocks_written(bed, volume):
    """Index of each block of a volume that holds anything."""
    return [index for index in range(GIB // BLOCK) if bed.read(volume, index * BLOCK, BLOCK) != ZEROS]


@pytest.fixture
def clouds(ec2, tmp_path, monkeypatch):
    """An EC2 whose waits cost nothing, in which the shop runs in production, with something on its volume."""
    (python := tmp_path / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)  # the host's, which has botocore
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))
    ec2.bed.configure(pending_seconds=5.0, profiles=[arn(ACCOUNT, "helper")], page_limit=2)
    with wrap_calls("aws", pass_through, clock=EmulatorClock(ec2.bed)):
        workflow.apply(workflow.plan(SHOP, PRODUCTION))
        (volume,) = volumes(PRODUCTION)
        ec2.bed.write(volume, LEDGER, 3)
        ec2.bed.write(volume, LEDGER, FAR)
        ec2.bed.write(volume, LEDGER, GIB - len(LEDGER))
        yield ec2
    assert ec2.bed.violations == []
    assert ec2.bed.gaps == []


def volumes(environment):
    """The native ids of the data volumes there."""
    return [
        seen.id for a, seen in workflow.observe(SHOP, environment).resources.items() if a.kind == "volume"
    ]


@frozen
class Hosts:
    """Runs helpers' scripts with the credentials that a host in their region gets."""

    local: LocalScriptRunner
    regions: tuple
    name: str = "its helpers played by a local stand-in"

    def run(self, script, volume):
        region = next((each for each in self.regions if f" {each} " in script), "none")
        keys = {"AWS_ACCESS_KEY_ID": f"AKIA{region}", "AWS_SECRET_ACCESS_KEY": "a host's"}
        with mock.patch.dict(os.environ, keys):
            self.local.run(script, volume)


@pytest.fixture
def recovery(clouds, tmp_path):
    made = subprocess.run(
        ["age-keygen", "-o", tmp_path / "identity"], capture_output=True, text=True, check=True
    )
    (tmp_path / "rclone.conf").write_text(f"[vault]\ntype = alias\nremote = {tmp_path}/vault\n")

    def write(volume, data):
        """All of it, but for blocks of zeros: nobody wrote those."""
        for at in range(0, len(data), BLOCK):
            if (block := data[at : at + BLOCK]) != ZEROS:
                clouds.bed.write(volume, block, at)

    vault = Vault(
        "vault:shop",
        "192.0.2.7:22",
        sender=str(tmp_path / "rclone.conf"),
        receiver=str(tmp_path / "rclone.conf"),
        recipient=made.stderr.split()[-1],
        identity=str(tmp_path / "identity"),
        blocks=EBS,
        native={"aws": {"instance_profile": "helper"}},
        stand=Hosts(LocalScriptRunner(lambda volume: b"", write), ("us-east-1", "us-west-2")),
    )
    data = [DataPolicy("db", engine="age")]
    plan = RecoveryPlan(
        "shop", PRODUCTION, RECOVERY, rpo="4h", rto="1h", waves=[["db"]], data=data, vault=vault
    )
    found = dr.recovery(SHOP, plan, [PRODUCTION, RECOVERY])
    granted = json.loads(dr.grants(found))
    for end in (PRODUCTION, RECOVERY):
        policy = granted[f"helpers of {end.name}"]["role"]["policy"]
        clouds.bed.add_account(end.account, f"AKIA{end.region}", "a host's", policy)
    return found


def asked(clouds, action):
    """The requests of this kind that there have been, without dry runs."""
    return [
        parameters for name, parameters in clouds.bed.log if name == action and "DryRun" not in parameters
    ]


def profiles(clouds):
    """How many hosts there have been with a profile, and how many without, so far."""
    launched = [any("Profile" in name for name in parameters) for parameters in asked(clouds, "RunInstances")]
    return launched.count(True), launched.count(False)


def test_what_was_written_comes_back_block_by_block(clouds, recovery):
    made = dr.replicate(recovery, run_options=ONE)
    assert made.succeeded, made
    assert asked(clouds, "ListSnapshotBlocks")
    assert asked(clouds, "GetSnapshotBlock")
    assert len(asked(clouds, "CreateVolume")) == 1, "production's own is all that was ever made"
    assert not asked(clouds, "ModifySnapshotAttribute"), "nobody else is to read the snapshot"

    assert profiles(clouds) == (1, 1), "the one that reads, and production's own host"

    evidence = dr.failover(recovery, dr.FailoverOptions(lost=True, run_options=ONE))
    assert evidence.result == "passed", evidence.reasons
    assert profiles(clouds) == (1, 3), "the account that receives has no such profile"
    (restored,) = volumes(RECOVERY)
    assert clouds.bed.read(restored, FAR, len(LEDGER)) == LEDGER
    assert blocks_written(clouds.bed, restored) == [0, 1234, GIB // BLOCK - 1]

    clouds.bed.write(restored, b"newer", FAR)
    dr.fence(recovery, run_options=ONE)
    clouds.bed.configure(profiles=[arn(RECOVERY.account, "helper")])
    evidence = dr.failback(recovery, dr.FailoverOptions(run_options=ONE))
    assert evidence.result == "passed", evidence.reasons
    (back,) = volumes(PRODUCTION)
    assert clouds.bed.read(back, FAR, 5) == b"newer"
    left = [line for account in (ACCOUNT, RECOVERY.account) for line in clouds.bed.ground_truth(account)]
    assert not [line for line in left if "helper" in line and not line.startswith(PASSING)]


def test_a_volume_is_carried_whose_growth_is_declared_and_not_done_yet(clouds, recovery):
    db = recovery.topology.role("db")
    grown = evolve(db, volumes=[evolve(db.volumes[0], gib=2)])
    carried = dr.replicate(evolve(recovery, topology=recovery.topology.with_role(grown)), run_options=ONE)
    assert carried.succeeded, carried


def test_grants_name_what_helpers_need_at_both_ends(recovery):
    told = json.loads(dr.grants(recovery))
    assert set(told) == {"helpers of production", "helpers of recovery"}, "nobody copies snapshots"
    (read, _) = told["helpers of production"]["role"]["policy"]["Statement"]
    assert read["Action"] == ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"]
    assert read["Condition"] == {"StringEquals": {"aws:ResourceTag/portinfra:scope": "shop/production+taken"}}
    back = json.dumps(told["helpers of recovery"])
    assert "us-west-2" in back
    assert "shop/recovery+taken" in back
