"""This version reads the environments that earlier versions made: all is found, and no plan changes it.

A file of a saved world says what was found in it when it was saved. To make one for a new version, see
`__main__.py`. A test that fails here fails for users, too: mend the code, and never the file.
"""

import importlib.util
import json

import pytest
from attrs import frozen
from found import find
from saved import FOLDER, WORLDS

from portinfra import workflow
from portinfra.recovery.evidence import evidence_of
from portinfra.rollout.evidence import verify

NEEDS = {"aws": "moto", "gcp": "googleapiclient", "libvirt": "libvirt"}
"""What must be installed to read a world."""


@frozen
class Read:
    """A saved world, and what this version makes of it."""

    document: dict
    found: dict
    plans: tuple


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(file, marks=[pytest.mark.slow] * (file.stem == "aws"))
        for file in sorted(FOLDER.glob("*/*.json"))
    ],
    ids=lambda file: f"{file.stem} of {file.parent.name}",
)
def read(request):
    """Everything is read once for all tests of a world."""
    file = request.param
    if file.stem in NEEDS and importlib.util.find_spec(NEEDS[file.stem]) is None:
        pytest.skip(f"{NEEDS[file.stem]} is not installed")
    document = json.loads(file.read_text())
    with WORLDS[file.stem].load(document["world"]) as about:
        ends = (about.source, about.target)
        plans = [workflow.plan(about.topology, end, guards=[about]) for end in ends]
        return Read(document, find(about), tuple(plans))


@pytest.mark.parametrize("environment", ["production", "recovery"])
def test_every_resource_is_found_with_its_attributes(read, environment):
    found = read.found[environment]
    assert found == read.document["found"][environment]
    assert {line.split(" ")[0] for line in found if not line.startswith("subnet.")} == {
        "attachment.db1-data",
        "attachment.db2-data",
        "firewall-rules.db",
        "firewall-rules.web",
        "firewall.db",
        "firewall.web",
        "instance.db1",
        "instance.db2",
        "instance.web1",
        "network.main",
        "public-address.web1",
        "volume.db1-data",
        "volume.db2-data",
    }


def test_only_the_hosts_of_the_active_environment_run(read):
    powers = {
        environment: {line.partition(" power=")[2].split(" ")[0] for line in read.found[environment]} - {""}
        for environment in ("production", "recovery")
    }
    assert powers == {"production": {"stopped"}, "recovery": {"running"}}


def test_a_plan_changes_nothing_and_names_the_failback_that_has_begun(read):
    for plan in read.plans:
        assert plan.changes == ()
        # The failback is not finished: until then, no apply may start hosts on old data.
        assert [finding.rule for finding in plan.errors] == ["recovery/failback-under-way"]
        assert plan.empty
    assert [plan.fenced for plan in read.plans] == [True, False]


@pytest.mark.parametrize("environment", ["production", "recovery"])
def test_the_leases_say_who_held_them_and_who_is_active(read, environment):
    found = read.found[f"leases of {environment}"]
    assert found == read.document["found"][f"leases of {environment}"]
    assert all(" ada@desk boot-1 released " in line for line in found)
    assert (" fenced by " in found[-1]) is (environment == "production")


@pytest.mark.parametrize(
    ("environment", "entries"),
    [
        ("production", ["1 point done", "2 failover open"]),
        ("recovery", ["1 point done", "2 drill done", "3 failover done", "4 stood done"]),
    ],
)
def test_the_entries_of_the_ledger_are_read(read, environment, entries):
    found = read.found[f"ledger in {environment}"]
    assert found == read.document["found"][f"ledger in {environment}"]
    assert [line.partition(" {")[0] for line in found] == entries


def test_the_points_are_found_with_their_snapshots(read):
    for environment in ("production", "recovery"):
        section = f"points in {environment}"
        assert read.found[section] == read.document["found"][section]
    names = [line.split(" ")[0].rpartition("-")[0] for line in read.found["points in recovery"]]
    assert names == ["snapshot.db1-data", "snapshot.db2-data"]


def test_the_status_tells_of_the_failback_under_way_and_of_data_that_can_come_back(read):
    status = read.found["status"]
    assert status == read.document["found"]["status"]
    assert status[0].startswith("late: active since ")
    assert status[0].endswith(", source stopped: True")
    assert " failback epoch=" in status[1]
    assert status[2].endswith("restorable: True")
    assert [line.split(",")[0] for line in status[3:5]] == [
        "volume.db1-data of db: ok",
        "volume.db2-data of db: ok",
    ]
    assert " passed, recovered in " in status[5]


def test_the_evidence_of_the_drill_and_of_the_failover_verifies(read):
    public = read.document["public_key"].encode()
    drill, failover = read.document["evidence"]
    for kind, document in (("drill", drill), ("failover", failover)):
        assert verify(document, public).good
        evidence = evidence_of(document)
        assert (evidence.kind, evidence.result, evidence.operator) == (kind, "passed", "ada@desk")
        assert [wave.roles for wave in evidence.waves] == [("db",), ("web",)]
    assert verify({**drill, "result": "failed"}, public).found == "altered"
