"""What Compute Engine accepts and then does not do: its operation alone tells why."""

import pytest

from emulator.conformance_bed import GcpBed
from emulator.identities import PROJECT
from portinfra import errors
from portinfra.errors import ApplyError
from portinfra.testing.conformance.stage import Stage


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


def test_the_same_change_is_not_sent_again_while_it_is_under_way(bed):
    """A list that lags, or an operation that waits for its turn, is no reason for a second request."""
    bed.gce.configure(queue_seconds=20.0)
    stage = Stage(bed)
    stage.bring(bed.before)
    asked = bed.gce.report()["calls"]
    hosts = sum(role.count for role in bed.before.roles)
    assert asked["instances.insert"] == hosts
    assert asked["disks.insert"] == 2
