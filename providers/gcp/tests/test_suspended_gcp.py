"""A suspended host is down, but not stopped: it can be resumed or deleted, and nothing else."""

import pytest
from attrs import evolve

from emulator.conformance_bed import GcpBed
from portinfra.testing.conformance.stage import Stage


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed() as bed:
        yield bed
        assert bed.gce.violations == []


def suspended(bed):
    """One of its hosts, suspended by hand."""
    there = bed.gce.projects[bed.environment.account]
    host = next(each for each in there.all("instances") if "-web1-" in each.name)
    bed.gce.act("instances.suspend", {}, zone=host.scope.partition("/")[2], instance=host.name)
    bed.gce.advance(60.0)
    assert host.body["status"] == "SUSPENDED"
    return host


def test_a_suspended_host_is_resumed_and_not_started(bed):
    stage = Stage(bed)
    stage.bring(bed.before)
    host = suspended(bed)
    (change,) = stage.plan(bed.before).changes
    assert (change.address, [each.field for each in change.differences]) == ("instance.web1", ["power"])
    stage.bring(bed.before)
    assert host.body["status"] == "RUNNING"
    assert stage.plan(bed.before).empty


def test_a_suspended_host_is_resumed_before_its_machine_type_is_changed(bed):
    stage = Stage(bed)
    stage.bring(bed.before)
    host = suspended(bed)
    larger = evolve(bed.before, roles=[evolve(role, size="e2-medium") for role in bed.before.roles])
    stage.bring(larger)
    assert (host.body["status"], host.body["machineType"].rpartition("/")[2]) == ("RUNNING", "e2-medium")
    stage.remove(larger)
    assert stage.ground_truth() == []


def test_a_suspended_host_is_deleted_as_it_is(bed):
    stage = Stage(bed)
    stage.bring(bed.before)
    suspended(bed)
    stage.remove(bed.before)
    assert stage.ground_truth() == []
