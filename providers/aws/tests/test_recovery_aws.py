"""Recovery from one account and region to another: points, a drill, a failover and the way back.

No byte of a volume lies in the bed: what is checked is where every volume came from, and under which key.
"""

import json

import pytest
from attrs import evolve

from bed.conformance_bed import PASSING, AwsBed
from bed.identities import ACCOUNT
from portinfra import (
    INTERNET,
    DataPolicy,
    Probe,
    RecoveryPlan,
    Role,
    Topology,
    Volume,
    Wave,
    allow,
    dr,
    workflow,
)
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.emulator import EmulatorClock

OTHER = "210987654321"
ONE = dr.RunOptions(seed=0)

FEW = {"R6": "as small as can be"}
SHOP = Topology(
    "shop",
    [
        Role("web", count=1, public="customers", waive=FEW),
        Role("db", count=2, volumes=[Volume("data", gib=10)], waive=FEW),
    ],
    [allow(INTERNET, "web", tcp=443, why="customers"), allow("web", "db", tcp=5432, why="orders")],
)
PRODUCTION = evolve(AwsBed.environment, key="alias/shop")
RECOVERY = evolve(
    AwsBed.environment,
    name="recovery",
    on="aws:us-west-2",
    zones=("us-west-2a", "us-west-2b"),
    account=OTHER,
    credentials={"role": "portinfra"},
    key="alias/recovery",
)
PLAN = RecoveryPlan("shop", PRODUCTION, RECOVERY, rpo="4h", rto="1h", waves=[["db"], ["web"]])


@pytest.fixture
def clouds(ec2, tmp_path, monkeypatch):
    """An EC2 whose waits cost nothing, in which the shop runs in production."""
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    ec2.bed.configure(pending_seconds=5.0)
    with wrap_calls("aws", pass_through, clock=EmulatorClock(ec2.bed)):
        workflow.apply(workflow.plan(SHOP, PRODUCTION))
        yield ec2
    assert ec2.bed.violations == []
    assert ec2.bed.gaps == []


@pytest.fixture
def recovery():
    return dr.recovery(SHOP, PLAN, [PRODUCTION, RECOVERY])


def ground_truth(clouds, account, kind=""):
    clouds.bed.advance(600.0)
    lines = [line for line in clouds.bed.ground_truth(account, without=PASSING) if line.startswith(kind)]
    return sorted(line for line in lines if not line.startswith("key pair"))


def test_points_are_copied_to_the_other_account_under_its_key(clouds, recovery):
    made = dr.replicate(recovery, run_options=ONE)
    assert made.succeeded, made
    copies = ground_truth(clouds, OTHER, "snapshot")
    assert len(copies) == 2
    assert all(f"{OTHER}:key/" in copy or "alias/recovery" in copy for copy in copies), copies
    assert dr.status(recovery).level == "ok"
    assert [group.fate for group in dr.replicate(recovery, run_options=ONE).groups] == ["not due"]


def test_points_are_locked_and_retention_leaves_them(clouds):
    plan = evolve(PLAN, lock="7d", data=[DataPolicy("db", keep=1)])
    locked = dr.recovery(SHOP, plan, [PRODUCTION, RECOVERY])
    assert dr.replicate(locked, run_options=ONE).succeeded
    (first,) = dr.status(locked).points
    assert first.locked_until
    assert dr.replicate(locked, now=True, run_options=ONE).succeeded
    assert first.id in [point.id for point in dr.status(locked).points]
    clouds.bed.advance(8 * 86_400.0)
    assert dr.replicate(locked, now=True, run_options=ONE).succeeded
    assert first.id not in [point.id for point in dr.status(locked).points]


def test_a_drill_comes_up_and_leaves_nothing_in_either_account(clouds, recovery):
    dr.replicate(recovery, run_options=ONE)
    here, there = ground_truth(clouds, ACCOUNT), ground_truth(clouds, OTHER)
    evidence = dr.drill(recovery, run_options=ONE)
    assert evidence.left_behind == 0
    assert [wave.passed for wave in evidence.waves] == [True, True], evidence.reasons
    assert ground_truth(clouds, ACCOUNT) == here
    assert ground_truth(clouds, OTHER) == there


def test_a_probe_runs_inside_a_drill_and_reports_by_the_console(clouds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows").write_text('#!/bin/sh\ngrep -c db2 "$PORTINFRA_INVENTORY"\n')
    probes = [
        Probe("rows", "./rows", reads="db", from_role="web", files="rows"),
        Probe("closed", "exit 3", from_role="web"),
    ]
    recovery = dr.recovery(
        SHOP, evolve(PLAN, probes=probes, waves=[["db"], Wave(["web"], limit="5m")]), [PRODUCTION, RECOVERY]
    )
    dr.replicate(recovery, run_options=ONE)
    here, there = ground_truth(clouds, ACCOUNT), ground_truth(clouds, OTHER)
    evidence = dr.drill(recovery, run_options=ONE)
    assert [(each.name, each.passed, each.told, each.from_role) for each in evidence.probes] == [
        ("rows", True, "1", "web"),
        ("closed", False, "", "web"),
    ]
    assert [each.looked for each in evidence.looked] == ["data"]
    assert ground_truth(clouds, ACCOUNT) == here
    assert ground_truth(clouds, OTHER) == there


def test_a_takeover_asks_its_probes_on_a_host_beside_the_environment(clouds):
    probes = [Probe("rows", "grep -c db2 $PORTINFRA_INVENTORY", reads="db", from_role="web")]
    recovery = dr.recovery(
        SHOP, evolve(PLAN, probes=probes, rto="9h", drill_limit="9h"), [PRODUCTION, RECOVERY]
    )
    dr.replicate(recovery, run_options=ONE)
    evidence = dr.failover(recovery, dr.FailoverOptions(run_options=ONE))
    assert [(each.name, each.passed, each.told) for each in evidence.probes] == [("rows", True, "1")]
    assert workflow.plan(SHOP, RECOVERY, guards=[recovery]).empty
    assert not [
        line for line in ground_truth(clouds, OTHER, "instance") if "prober" in line and "running" in line
    ]


def test_a_failover_and_the_way_back(clouds, recovery):
    dr.replicate(recovery, run_options=ONE)
    evidence = dr.failover(recovery, dr.FailoverOptions(planned=True, run_options=ONE))
    assert [wave.passed for wave in evidence.waves] == [True, True], evidence.reasons
    volumes = workflow.observe(SHOP, RECOVERY).resources
    sources = [seen.spec.source for a, seen in volumes.items() if a.kind == "volume"]
    assert len(sources) == 2
    assert all(source.startswith("snap-") for source in sources)
    assert workflow.plan(SHOP, RECOVERY).empty
    assert workflow.plan(SHOP, PRODUCTION).empty
    assert powers(PRODUCTION) == {"stopped"}

    back = dr.failback(recovery, dr.FailoverOptions(run_options=ONE))
    assert [wave.passed for wave in back.waves] == [True, True], back.reasons
    assert back.left_aside == (), "EC2 tells that no host started since the last point"
    assert powers(PRODUCTION) == {"running"}
    assert powers(RECOVERY) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, guards=[recovery]).empty


def powers(environment):
    resources = workflow.observe(SHOP, environment).resources
    return {seen.spec.power for address, seen in resources.items() if address.kind == "instance"}


def test_both_accounts_are_told_what_to_allow(recovery):
    told = json.loads(dr.grants(recovery))
    assert told["source"]["account"] == ACCOUNT
    assert told["source"]["policy"]["Principal"] == {"AWS": f"arn:aws:iam::{OTHER}:root"}
    assert "alias/shop in us-east-1" in told["source"]["where"]
    resources = [statement["Resource"] for statement in told["target"]["policy"]["Statement"]]
    assert resources == [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*", f"arn:aws:kms:us-west-2:{OTHER}:key/*"]


def test_one_replication_carries_more_volumes_than_the_region_copies_at_once(ec2, tmp_path, monkeypatch):
    """Of an account whose limit is 5, where each copy takes longer than the patience with a refusal."""
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    many = Topology("shop", [Role("db", count=16, volumes=[Volume("data", gib=10)], waive=FEW)], [])
    plan = RecoveryPlan("shop", PRODUCTION, RECOVERY, rpo="4h", rto="1h", waves=[["db"]])
    with wrap_calls("aws", pass_through, clock=EmulatorClock(ec2.bed)):
        workflow.apply(workflow.plan(many, PRODUCTION))
        recovery = dr.recovery(many, plan, [PRODUCTION, RECOVERY])
        ec2.bed.configure(pending_seconds=300.0, copies_at_once=5)
        assert dr.replicate(recovery, run_options=ONE).succeeded
        assert dr.status(recovery).level == "ok"
