"""Checks of births, style or limits never refuse a verb for what exists, which may be older than they."""

import pytest
from attrs import evolve

from portinfra import Environment, Role, Topology, Volume, allow, dr, workflow
from portinfra.errors import ValidationError
from portinfra.model.recovery import RecoveryPlan
from portinfra.provider import registry
from portinfra.testing.fake import provider as fake_provider
from portinfra.testing.simulation import apply_and_check, simulate

HERE = Environment("production", on="fake:us-east-1", account="111111111111", key="alias/data")
THERE = Environment("recovery", on="fake:eu-west-1", account="222222222222", key="alias/data")
FEW = {"R6": "as small as can be"}
web = Role("web", count=1, waive=FEW, volumes=[Volume("data", gib=10, mount="/srv")])
PLAIN = Topology("shop", [web], [allow("10.0.0.0/8", "web", tcp=range(1, 9, 2), why="several")])
ODD = {
    "user data of no kind": {"user_data": "echo hi"},
    "an SSH key with an unknown option": {"ssh_keys": ["nothing ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7"]},
    "long user data": {"user_data": "#!" + "x" * 99_999},
    "too many tags": {"tags": {f"tag-{n}": "x" for n in range(99)}},
    "a large disk": {"disk_gib": 999_999},
    "a mount of no form": {"volumes": [Volume("data", gib=10, mount="/with a space")]},
    "a mount over the system": {"volumes": [Volume("data", gib=10, mount="/etc")]},
    "an SSH key that does not begin with its type": {"ssh_keys": ["ssh-ed25519 AAAA"]},
    "a command that is empty": {"ready": " "},
    "a limit of no form": {"ready": "true", "ready_limit": "soon"},
    "an unknown option": {"native": {"fake": {"no-such-option": 1}}},
    "an unknown attribute": {"ignore": ["no-such-attribute"]},
}


@pytest.fixture(autouse=True)
def cloud():
    with simulate() as cloud:
        yield cloud


def shop(**attributes):
    return Topology("shop", [evolve(web, **attributes)], PLAIN.flows)


@pytest.mark.parametrize("attributes", ODD.values(), ids=ODD)
def test_what_exists_is_destroyed_read_and_recovered_whatever_new_resources_may_not_have(attributes):
    apply_and_check(PLAIN, HERE)
    odd = shop(**attributes)
    with pytest.raises(ValidationError):
        workflow.check(odd, HERE)
    workflow.plan(odd, HERE)
    plan = RecoveryPlan("shop", HERE, THERE, rpo="4h", rto="1h", waves=[["web"]])
    assert dr.status(dr.recovery(odd, plan, [HERE, THERE]))
    options = workflow.PlanOptions(allow_data_loss="volume.web1-data")
    workflow.apply(workflow.destroy(odd, HERE, options), seed=0)
    assert not workflow.observe(odd, HERE).resources


@pytest.mark.parametrize("retired", [{"Ca che!": 9}, {"cache": 10**20}])
def test_what_exists_is_destroyed_though_a_retired_role_has_no_sound_name_or_slot(retired):
    apply_and_check(PLAIN, HERE)
    odd = evolve(PLAIN, retired=retired)
    assert workflow.plan(odd, HERE).errors
    options = workflow.PlanOptions(allow_data_loss="volume.web1-data")
    workflow.apply(workflow.destroy(odd, HERE, options), seed=0)
    assert not workflow.observe(odd, HERE).resources


@pytest.mark.parametrize(
    "name", ["user data of no kind", "an SSH key with an unknown option", "a mount over the system"]
)
def test_what_applies_at_birth_stops_a_plan_that_creates_a_host_and_no_other(name):
    odd = shop(**ODD[name])
    new = workflow.plan(odd, HERE)
    assert [finding.rule.partition("/")[0] for finding in new.errors] == ["topology"]
    with pytest.raises(ValidationError):
        workflow.apply(new)
    apply_and_check(PLAIN, HERE)
    assert not workflow.plan(odd, HERE).errors
    assert workflow.plan(evolve(odd, roles=[evolve(odd.roles[0], count=2)]), HERE).errors
    assert workflow.plan(odd, HERE, workflow.PlanOptions(replace="instance.web1")).errors


def test_rules_above_the_limit_stay_and_may_become_fewer_and_not_more(monkeypatch):
    apply_and_check(PLAIN, HERE)
    plugin = registry.plugin("fake")
    monkeypatch.setattr(type(plugin), "capabilities", evolve(plugin.capabilities, rules_max=2))
    monkeypatch.setattr(fake_provider, "RULES_MAX", 2)

    def with_ports(*ports):
        return Topology("shop", [web], [allow("10.0.0.0/8", "web", tcp=ports, why="several")])

    assert workflow.plan(PLAIN, HERE).findings == ()
    tagged = evolve(PLAIN, tags={"team": "web"})
    (warning,) = [each for each in workflow.plan(tagged, HERE).findings if each.rule == "provider/rules"]
    assert "What exists stays" in warning.fix
    more = workflow.plan(with_ports(1, 3, 5, 7, 9), HERE).errors
    assert "provider/rules" in {finding.rule for finding in more}
    assert apply_and_check(with_ports(1, 3, 5), HERE).succeeded


@pytest.mark.parametrize(
    "retired", [{"Ca che!": 7}, {"cache": 10**20}, {"cache": 7, "queue": 7}, {"cache": -1}]
)
def test_names_and_slots_of_retired_roles_refuse_plans_and_no_destroy(retired):
    apply_and_check(PLAIN, HERE)
    odd = evolve(PLAIN, retired=retired)
    assert {finding.rule.partition("-")[0] for finding in workflow.plan(odd, HERE).errors} == {
        "topology/retired"
    }
    assert not workflow.destroy(odd, HERE).errors
