"""What Compute Engine accepts and then does not do: its operation alone tells why."""

import pytest

from emulator.conformance_bed import GcpBed
from emulator.identities import PROJECT
from portinfra import errors, workflow
from portinfra.errors import ApplyError
from portinfra.execution.retry import ATTEMPTS_MAX
from portinfra.testing.conformance.stage import LOSE_DATA, Stage


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed() as bed:
        yield bed
        assert bed.gce.violations == []
        assert bed.gce.gaps == []


def failed(stage):
    """The errors of an apply that fails, by address."""
    with pytest.raises(ApplyError) as caught:
        stage.bring(stage.bed.before)
    return {step.step.address: step.error for step in caught.value.outcome.steps if step.error is not None}


def test_a_zone_without_machines_is_said_to_be_and_the_rest_is_made(bed):
    bed.gce.fail_next_instance(PROJECT, "ZONE_RESOURCE_POOL_EXHAUSTED", "no more machines in this zone")
    stage = Stage(bed)
    ((address, error),) = failed(stage).items()
    assert address.kind == "instance"
    assert isinstance(error, errors.NoCapacity)
    assert "no more machines" in str(error)
    stage.bring(bed.before)
    assert stage.plan(bed.before).empty


def test_a_quota_that_only_the_operation_tells_is_a_quota(bed):
    """Others may have used it up since the plan was made."""
    bed.gce.fail_next_instance(PROJECT, "QUOTA_EXCEEDED", "Quota 'CPUS' exceeded.  Limit: 3.0")
    (error,) = failed(Stage(bed)).values()
    assert isinstance(error, errors.QuotaExceeded)
    assert "Quota 'CPUS' exceeded" in str(error)


def test_an_internal_address_that_somebody_has_is_told_of(bed):
    stage = Stage(bed)
    stage.bring(bed.before)
    there = bed.gce.projects[bed.environment.account]
    host = next(each for each in there.all("instances") if "-old1-" in each.name)
    interface = host.body["networkInterfaces"][0]
    zone = host.scope.partition("/")[2]
    bed.gce.act("instances.delete", {}, zone=zone, instance=host.name)
    squatter = {
        "name": "squatter",
        "machineType": host.body["machineType"],
        "disks": [
            {"initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}
        ],
        "networkInterfaces": [{"subnetwork": interface["subnetwork"], "networkIP": interface["networkIP"]}],
    }
    bed.gce.act("instances.insert", squatter, zone=zone)
    error = failed(stage)["instance.old1"]
    assert interface["networkIP"] in str(error)
    assert "already being used" in str(error)


def test_a_network_that_something_foreign_uses_is_told_of_at_once_and_given_up_with_patience(bed):
    stage, told = Stage(bed), []
    stage.bring(bed.before)
    (network,) = bed.gce.projects[PROJECT].all("networks")
    rule = {"name": "aet-1", "network": network.link, "allowed": [{"IPProtocol": "icmp"}]}
    bed.gce.act("firewalls.insert", rule)
    plan = workflow.destroy(bed.before, bed.environment, LOSE_DATA)
    with stage.calls() as record, pytest.raises(ApplyError) as caught:
        workflow.apply(plan, listen=told.append, seed=0)
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert isinstance(failed.error, errors.Conflict)
    assert "already being used by" in str(failed.error)
    assert "firewalls/aet-1" in str(failed.error)
    assert len([call for call in record.made if call.action == "networks.delete"]) <= ATTEMPTS_MAX
    reported = [
        each.message
        for each in told
        if "networks.delete" in each.message and "will try again" in each.message
    ]
    assert "tried 1 time," in reported[0]
    assert any("firewalls/aet-1" in line for line in reported[:2])
    bed.gce.act("firewalls.delete", firewall="aet-1")
    stage.remove(bed.before)
    assert stage.ground_truth() == []


def test_a_rule_that_an_enforcer_enables_again_ends_with_patience(bed):
    """An enforcer of an organisation or a connector adds rules by itself: two actors must come to an end."""
    stage = Stage(bed)
    stage.bring(bed.before)
    (network,) = bed.gce.projects[PROJECT].all("networks")
    allowed = [{"IPProtocol": "tcp", "ports": ["22"]}]
    bed.gce.enforce({"name": "aet-1", "network": network.link, "allowed": allowed})
    with stage.calls() as record, pytest.raises(ApplyError) as caught:
        workflow.apply(workflow.plan(bed.before, bed.environment), seed=0)
    failed = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert {step.step.address.kind for step in failed} == {"firewall-rules"}
    assert all(isinstance(step.error, errors.Conflict) for step in failed)
    patches = [call.address for call in record.made if call.action == "firewalls.patch"]
    assert max(patches.count(address) for address in patches) <= ATTEMPTS_MAX


def rule(bed):
    rules = bed.gce.projects[PROJECT].all("firewalls")
    return next(
        each for each in rules if each.body.get("direction") == "INGRESS" and each.body.get("allowed")
    )


def stopped(bed):
    host = next(iter(bed.gce.projects[PROJECT].all("instances")))
    return {"zone": host.scope.partition("/")[2], "instance": host.name}


BEGUN = {
    "firewalls.delete": lambda bed: {"firewall": rule(bed).name},
    "instances.stop": stopped,
    "instances.delete": stopped,
}


@pytest.mark.parametrize("method", BEGUN)
def test_a_plan_never_says_as_declared_while_an_operation_changes_a_resource(bed, method):
    """A run that died, or another person, began it; lists do not show it yet."""
    stage = Stage(bed)
    stage.bring(bed.before)
    bed.gce.configure(queue_seconds=120.0)
    bed.gce.begin(method, **BEGUN[method](bed))
    assert not stage.plan(bed.before).empty
    stage.bring(bed.before)
    assert stage.plan(bed.before).empty


def test_the_same_change_is_not_sent_again_while_it_is_under_way(bed):
    """A list that lags, or an operation that waits for its turn, is no reason for a second request."""
    bed.gce.configure(queue_seconds=20.0)
    stage = Stage(bed)
    stage.bring(bed.before)
    asked = bed.gce.report()["calls"]
    hosts = sum(role.count for role in bed.before.roles)
    assert asked["instances.insert"] == hosts
    assert asked["disks.insert"] == 2


def test_a_rule_gets_no_second_call_while_an_operation_on_it_runs(bed):
    stage = Stage(bed)
    stage.bring(bed.before)
    bed.gce.configure(pending_seconds=20.0)
    with stage.calls() as record:
        stage.bring(bed.after)
    changes = [
        (call.action, call.parameters["firewall"])
        for call in record.made
        if call.action in ("firewalls.delete", "firewalls.update", "firewalls.patch")
    ]
    assert any(action == "firewalls.delete" for action, _ in changes)
    assert len(changes) == len(set(changes))
