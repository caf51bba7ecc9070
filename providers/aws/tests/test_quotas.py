"""What an account may have no more of is refused in the plan, where it can be read, and is told where not."""

from pathlib import Path

import pytest
from attrs import evolve

from bed.as_new import AS_NEW
from bed.conformance_bed import AwsBed
from bed.identities import ACCOUNT
from portinfra.declaration.load import load
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology
from portinfra.testing.conformance.stage import Stage
from portinfra_aws import plugin
from portinfra_aws.published import STORAGE, VCPUS

EXAMPLE = Path(__file__).parents[3] / "examples" / "payments.hcl"

WEB = Role("web", count=2, size="large", disk_gib=20, volumes=[Volume("data", gib=1004)])
SHOP = Topology("shop", [WEB])
"""8 virtual CPUs, 2 TiB."""


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with AwsBed() as bed:
        yield Stage(bed)
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []


def refused(plan):
    return [finding.subject for finding in plan.errors if finding.rule == "plan/quota"]


def noted(plan):
    return [finding for finding in plan.findings if finding.rule == "plan/quota-not-read"]


@pytest.mark.parametrize(("setting", "kind", "needed"), [("vcpu", VCPUS, 8), ("gp3_tib", STORAGE, 2)])
def test_a_plan_holds_to_a_quota_to_the_last(stage, setting, kind, needed):
    stage.bed.ec2.settings.quotas[setting] = needed - 1
    assert refused(stage.plan(SHOP)) == [kind]
    stage.bed.ec2.settings.quotas[setting] = needed
    assert stage.plan(SHOP).findings == ()
    stage.bring(SHOP)
    larger = Topology("shop", [evolve(WEB, count=3)])
    assert refused(stage.plan(larger)) == [kind]


@pytest.mark.parametrize("mishap", ["unavailable", "dropped before", "throttled", "html error"])
def test_a_quota_that_is_not_told_is_a_note_and_no_obstacle(stage, mishap):
    stage.bed.ec2.fault(mishap, action="GetServiceQuota", times=100)
    plan = stage.plan(SHOP)
    assert not plan.errors
    assert [note.subject for note in noted(plan)] == [VCPUS, STORAGE]
    assert (
        noted(plan)[0].message
        == "it needs 8 standard vCPUs in us-east-1, and portinfra could not read the quota"
    )
    assert stage.bed.ec2.calls["GetServiceQuota"] <= 3


def test_without_the_permission_to_read_quotas_all_else_works(stage):
    policy = plugin.iam_policy()
    policy["Statement"] = [
        s for s in policy["Statement"] if "servicequotas:GetServiceQuota" not in s["Action"]
    ]
    stage.bed.ec2.settings.policy = policy
    assert [note.subject for note in noted(stage.plan(SHOP))] == [VCPUS, STORAGE]
    stage.bring(SHOP)
    assert stage.plan(SHOP).findings == ()


def test_a_plan_that_changes_nothing_reads_no_quota(stage):
    stage.bring(SHOP)
    stage.bed.ec2.calls.clear()
    assert stage.plan(SHOP).empty
    assert stage.bed.ec2.calls["GetServiceQuota"] == 0


def test_the_reference_platform_in_a_new_account_is_refused_with_every_shortage_and_no_write(stage):
    stage.bed.ec2.settings.quotas = dict(AS_NEW)
    declared = load(EXAMPLE)
    environment = evolve(declared.environment("production"), on="aws:us-east-1", account=ACCOUNT, zones=())
    new = Stage(stage.bed, environment)
    with stage.calls() as record:
        plan = new.plan(declared.topology("payments"))
    assert refused(plan) == ["public-address", VCPUS]
    told = [finding.message for finding in plan.errors]
    assert told == [
        "the account may have 5 of kind public-address in us-east-1, has 0, and would need 15",
        "the account may have 5 standard vCPUs in us-east-1, has at least 0, and would need at least 120",
    ]
    assert record.writes == []
