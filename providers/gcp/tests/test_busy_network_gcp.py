"""A network that takes one change at a time: every other change of its parts finds it not ready."""

import pytest
from attrs import evolve

from emulator.conformance_bed import GcpBed
from portinfra import Role, Topology, allow
from portinfra.testing.conformance.stage import Stage

FEW = {"R6": "as small as can be"}
ROLES = [Role(name, count=3, disk_gib=10, waive=FEW) for name in ("web", "app", "db", "log")]
SHOP = Topology(
    "shop",
    ROLES,
    [
        allow(one.name, other.name, tcp=[port, port + 2], why="they talk")
        for port, one in enumerate(ROLES, 5000)
        for other in ROLES
        if one is not other
    ],
)


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed(one_change_at_a_time=True, page_limit=None) as bed:
        yield bed
        assert bed.gce.violations == []
        assert bed.gce.gaps == []


def test_subnets_and_rules_of_one_network_converge_although_each_waits_for_all_others(bed):
    stage = Stage(bed, evolve(bed.environment, zones=()))
    outcome = stage.bring(SHOP)
    assert outcome.succeeded
    there = bed.gce.projects[bed.environment.account]
    assert len(list(there.all("subnetworks"))) == 12
    assert len(list(there.all("firewalls"))) > 30
    assert stage.plan(SHOP).empty
