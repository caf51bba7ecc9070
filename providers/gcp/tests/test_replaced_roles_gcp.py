"""A role in the place of another takes its slot over, without `renamed_from`."""

import pytest

from emulator.conformance_bed import GcpBed
from portinfra import Role, Topology, allow
from portinfra.testing.conformance.stage import Stage


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed() as bed:
        yield Stage(bed)


def shop(name):
    flows = [
        allow("web", name, tcp=6379, why="sessions"),
        allow(name, "app", tcp=8443, why="answers"),
        allow(name, name, tcp=16379, why="replicas"),
    ]
    return Topology("shop", [Role("web", count=1), Role(name, count=1), Role("app", count=1)], flows)


def test_another_role_takes_over_the_slot_of_one_that_is_gone(stage):
    stage.bring(shop("redis"))
    stage.bring(shop("cache"))
