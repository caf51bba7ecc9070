"""The lesser disaster: any one zone gone. Plan and apply go on without it, and every service has two of
three; what has not is named.
"""

from pathlib import Path

import pytest
from attrs import evolve
from sweeps import one_in_quick
from turning import silent

from portinfra import workflow
from portinfra.declaration.load import load
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import Instance
from portinfra.testing.simulation import apply_and_check, simulate

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments.hcl"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


@pytest.fixture(scope="module")
def payments():
    declared = load(EXAMPLE)
    place = evolve(declared.environment("production"), on="fake:us-east-1", zones=())
    return declared.topology("payments"), place


@pytest.fixture
def cloud(payments):
    with simulate("instant") as cloud:
        apply_and_check(*payments)
        yield cloud


@pytest.mark.parametrize("zone", one_in_quick(*ZONES))
def test_without_any_one_zone_work_goes_on_elsewhere(cloud, payments, zone):
    topology, place = payments
    changed = topology.with_role(evolve(topology.role("web"), tags={"stage": "without"}))
    without = PlanOptions(without_zones=frozenset({zone}))
    with silent(cloud, zone):
        (refused,) = workflow.plan(topology, place).errors
        assert f"--without-zone {zone}" in refused.fix
        assert workflow.plan(topology, place, without).changes == (), "what is silent is not taken for gone"
        plan = workflow.plan(changed, place, without)
        assert plan.errors == ()
        assert workflow.apply(plan, seed=0).succeeded
        tagged = {
            seen.spec.zone
            for seen in workflow.observe(changed, place).resources.values()
            if isinstance(seen.spec, Instance) and seen.spec.tags.get("stage") == "without"
        }
        assert tagged == set(ZONES) - {zone}
    rest = workflow.plan(changed, place)
    assert {change.action for change in rest.changes} == {"update"}


@pytest.mark.parametrize("zone", ZONES)
def test_every_service_still_has_two_of_three_or_is_named(cloud, payments, zone):
    topology, place = payments
    left: dict[str, int] = dict.fromkeys((role.name for role in topology.roles), 0)
    placed = workflow.place(topology, place)
    for address, seen in workflow.observe(topology, place).resources.items():
        if isinstance(seen.spec, Instance) and seen.spec.zone != zone:
            left[placed.roles[address]] += 1
    lonely = {role for role, count in left.items() if count < 2}
    report = workflow.check(topology, place)
    named = {waived.role for waived in report.waived if waived.finding.rule == "check/fewer-than-three"}
    named |= {finding.subject for finding in report.findings if finding.rule == "check/fewer-than-three"}
    assert lonely <= named
    assert set(left) - named, "most services have three"
    assert all(left[role] >= 2 for role in set(left) - named)
