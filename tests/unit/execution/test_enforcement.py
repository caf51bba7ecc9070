"""Where no read tells what is in force, an apply puts it in force before it says that all is as declared."""

import pytest
from attrs import evolve
from toycloud import TWO_ROLES, ListingDriver, ToyProvider, plan_for, run

from portinfra import errors
from portinfra.execution.options import RunOptions
from portinfra.execution.run import Run
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import FirewallRules
from portinfra.provider.interface import Call


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))


class EnforcingDriver(ListingDriver):
    """Rules whose definitions are in lists, and nothing else is."""

    def enforce(self, seen, refs):
        return (Call("Enforce", {"attempt": refs.attempt}, seen.address, seen, safe=True, place="zone-a"),)


@pytest.fixture
def provider():
    provider = ToyProvider()
    provider.drivers = {**ToyProvider.drivers, FirewallRules: EnforcingDriver(FirewallRules)}
    provider.enforced = []

    def enforce(call):
        provider.enforced.append(call.address)
        return {}

    provider.answers["Enforce"] = enforce
    return provider


def test_what_an_apply_has_just_defined_is_in_force(provider):
    outcome = run(provider, plan_for(provider, TWO_ROLES))
    assert provider.enforced == []
    assert outcome.enforced == 0


def test_an_apply_without_changes_puts_every_definition_in_force_again(provider):
    run(provider, plan_for(provider, TWO_ROLES))
    plan = plan_for(provider, TWO_ROLES)
    assert plan.empty
    outcome = run(provider, plan)
    assert sorted(provider.enforced) == sorted(a for a in plan.wanted if a.kind == "firewall-rules")
    assert outcome.enforced == len(provider.enforced) > 0
    assert outcome.succeeded


def test_a_run_with_several_plans_puts_a_definition_in_force_once(provider):
    run(provider, plan_for(provider, TWO_ROLES))
    plan = plan_for(provider, TWO_ROLES)
    with Run(provider, plan.scope, "1", run_options=RunOptions(seed=0)) as running:
        outcomes = [running.apply(plan, lambda progress: None) for _ in range(2)]
    assert [outcome.enforced for outcome in outcomes] == [len(provider.enforced), 0]


def test_what_may_pass_is_tried_again_and_the_rest_ends_the_apply(provider):
    run(provider, plan_for(provider, TWO_ROLES))
    weather = [errors.Unavailable("busy"), None, errors.PermissionDenied("no")]

    def enforce(call):
        error = weather.pop(0) if weather else None
        if error:
            raise error
        return {}

    provider.answers["Enforce"] = enforce
    with pytest.raises(
        errors.PortinfraError, match="is as declared, but its firewall rules may not"
    ) as failed:
        run(provider, plan_for(provider, TWO_ROLES))
    assert isinstance(failed.value.__cause__, errors.PermissionDenied)
    assert failed.value.fix == "Run the same command again: it applies them again."
    assert not weather


def test_a_zone_that_is_left_out_is_left_alone(provider):
    run(provider, plan_for(provider, TWO_ROLES))
    plan = plan_for(provider, TWO_ROLES)
    left_out = PlanOptions(without_zones=frozenset({"zone-a"}))
    run(provider, evolve(plan, options=left_out))
    assert provider.enforced == []
