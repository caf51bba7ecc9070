"""What a project may have no more of is refused in the plan, whatever it is counted in."""

from pathlib import Path

import pytest
from attrs import evolve

from emulator.as_new import AS_NEW
from emulator.conformance_bed import REGION, GcpBed
from emulator.identities import PROJECT
from portinfra.declaration.load import load
from portinfra.model.topology import INTERNET, Role, Topology, allow
from portinfra.testing.conformance.stage import Stage

EXAMPLE = Path(__file__).parents[3] / "examples" / "payments.hcl"

WEB = Role("web", count=2, size="e2-standard-4", public="customers", disk_gib=20)
SHOP = Topology("shop", [WEB], [allow(INTERNET, WEB, tcp=[80, 443], why="customers")])


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed() as bed:
        yield Stage(bed)
        assert bed.gce.violations == []


def refused(stage, topology):
    """The quotas by which a plan is refused."""
    return [finding.subject for finding in stage.plan(topology).errors if finding.rule == "plan/quota"]


@pytest.mark.parametrize(
    ("metric", "needed"),
    [("CPUS", 8), ("CPUS_ALL_REGIONS", 8), ("SSD_TOTAL_GB", 40), ("IN_USE_ADDRESSES", 2), ("FIREWALLS", 3)],
)
def test_a_plan_holds_to_a_quota_to_the_last(stage, metric, needed):
    stage.bed.gce.settings.quotas[metric] = needed - 1
    assert refused(stage, SHOP) == [metric]
    stage.bed.gce.settings.quotas[metric] = needed
    assert refused(stage, SHOP) == []
    stage.bring(SHOP)
    assert stage.plan(SHOP).empty


def test_hosts_that_share_a_core_count_as_many_processors_as_their_guests_see(stage):
    """Two, until a real project shows otherwise: the plan and the emulator count alike."""
    small = Topology("shop", [evolve(WEB, size="small")], SHOP.flows)
    stage.bed.gce.settings.quotas["CPUS"] = 3
    assert refused(stage, small) == ["CPUS"]
    stage.bed.gce.settings.quotas["CPUS"] = 4
    assert refused(stage, small) == []
    stage.bring(small)


def test_a_quota_of_the_whole_project_names_no_region(stage):
    stage.bed.gce.settings.quotas |= {"FIREWALLS": 2, "SSD_TOTAL_GB": 39}
    said = {finding.subject: finding.message for finding in stage.plan(SHOP).errors}
    assert "in the whole project" in said["FIREWALLS"]
    assert "in europe-west1" in said["SSD_TOTAL_GB"]


def test_a_family_has_a_quota_of_its_own(stage):
    stage.bed.gce.settings.quotas |= {"CPUS": 0, "N2_CPUS": 7}
    newer = Topology("shop", [evolve(WEB, size="n2-standard-4")], SHOP.flows)
    assert refused(stage, newer) == ["N2_CPUS"]
    stage.bed.gce.settings.quotas["N2_CPUS"] = 8
    assert refused(stage, newer) == []


def test_growing_takes_what_it_adds(stage):
    stage.bring(SHOP)
    stage.bed.gce.settings.quotas["CPUS"] = 15
    assert refused(stage, Topology("shop", [evolve(WEB, size="e2-standard-8")], SHOP.flows)) == ["CPUS"]
    assert refused(stage, Topology("shop", [evolve(WEB, size="e2-standard-2")], SHOP.flows)) == []


def test_the_reference_platform_in_a_new_project_is_refused_with_every_shortage_and_no_write(stage):
    stage.bed.gce.settings.quotas = dict(AS_NEW)
    declared = load(EXAMPLE)
    environment = evolve(declared.environment("production"), on=f"gcp:{REGION}", account=PROJECT, zones=())
    new = Stage(stage.bed, environment)
    with stage.calls() as record:
        plan = new.plan(declared.topology("payments"))
    subjects = {finding.subject for finding in plan.errors}
    assert subjects == {
        "FIREWALLS",
        "CPUS",
        "CPUS_ALL_REGIONS",
        "instance",
        "SSD_TOTAL_GB",
        "public-address",
        "IN_USE_ADDRESSES",
    }
    assert {finding.rule for finding in plan.errors} == {"plan/quota"}
    assert record.writes == []


def test_rules_that_replace_others_count_together_with_them(stage):
    """Port 443 passes at every moment: its old rule goes when the new one is in force."""
    stage.bring(SHOP)
    wider = Topology("shop", [WEB], [allow(INTERNET, WEB, tcp=["80-81", "443-444"], why="customers")])
    stage.bed.gce.settings.quotas["FIREWALLS"] = 4
    (finding,) = [each for each in stage.plan(wider).errors if each.rule == "plan/quota"]
    assert finding.subject == "FIREWALLS"
    assert "may have 4 FIREWALLS" in finding.message
    assert "has 3, and would need 5" in finding.message
    stage.bed.gce.settings.quotas["FIREWALLS"] = 5
    stage.bring(wider)
    assert stage.plan(wider).empty
