"""A bridge that hypervisors share: whether it links them is tried with packets, and its addresses are given
once.
"""

import os
import signal
import time
from contextlib import contextmanager

import libvirt
import pytest
from attrs import evolve

from hypervisors.conformance_bed import LibvirtBed
from hypervisors.site import BRIDGE, site
from portinfra import Role, Topology, Volume, workflow
from portinfra.errors import ApplyError
from portinfra.testing.conformance import Stage
from portinfra_libvirt.actions import overlay

ROLES = [
    Role(
        "db",
        count=1,
        size="c1-m64",
        disk_gib=1,
        volumes=[Volume("data", gib=1, mount="/srv")],
        waive={"R6": "as small as can be"},
    )
]
ONE, OTHER = Topology("one", ROLES), Topology("other", ROLES)


@pytest.fixture(scope="module")
def rack(tmp_path_factory, shared):
    """Two hypervisors that filter packets."""
    with site("rack", tmp_path_factory.mktemp("overlay") / "rack", shared=shared) as running:
        yield running


@pytest.fixture
def stage(rack, depot, tmp_path, monkeypatch):
    """Two hypervisors, of which nothing is known in this process."""
    (tmp_path / "sites.hcl").write_text(rack.hcl() + depot.hcl())
    monkeypatch.setenv("PORTINFRA_SITES", str(tmp_path / "sites.hcl"))
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    monkeypatch.setattr(overlay, "_LINKED", set())
    monkeypatch.setattr(overlay, "_FAILED", {})
    stage = Stage(LibvirtBed(rack, depot))
    stage.bed.reset()
    yield stage
    stage.bed.reset()


@contextmanager
def unlinked(rack):
    """The cable between the two bridges is out."""
    zone = rack.zones["a"]
    ports = zone.run("ip", "-br", "link", "show", "master", BRIDGE).split()
    cable = next(word.partition("@")[0] for word in ports if word.startswith("link"))
    zone.run("ip", "link", "set", cable, "down")
    try:
        yield
    finally:
        zone.run("ip", "link", "set", cable, "up")


def no_claims(books):
    return [line for line in books if not line.startswith("claim")]


def test_on_bridges_that_are_not_linked_nothing_is_made(stage, rack, monkeypatch):
    monkeypatch.setattr(overlay, "PROBE_SECONDS", 12)
    plan = workflow.plan(ONE, stage.environment)
    with unlinked(rack), pytest.raises(ApplyError) as caught:
        workflow.apply(plan)
    told = str(caught.value.first)
    for part in (
        f"the bridge {BRIDGE} does not link",
        "a receives nothing from b",
        "b receives nothing from a",
    ):
        assert part in told
    assert no_claims(stage.bed.ground_truth()) == []


def test_on_linked_bridges_the_hypervisors_hear_each_other_and_nothing_is_left_of_it(
    stage, rack, monkeypatch
):
    looked = []
    real = overlay._probe
    monkeypatch.setattr(
        overlay, "_probe", lambda pairs, site: (looked.append(len(pairs)), real(pairs, site))[1]
    )
    stage.bring(ONE)
    assert looked[0] == 1
    assert sum(looked) == 1, "what is known of a site is not tried again"
    assert {(each.uri, other.uri) for each in rack.zones.values() for other in rack.zones.values()} >= (
        overlay._LINKED
    )
    assert not [line for line in stage.bed.ground_truth() if "overlay" in line]


def test_whoever_is_killed_while_it_is_tried_leaves_what_the_next_one_removes(stage, rack, monkeypatch):
    child = os.fork()
    if child == 0:
        try:
            monkeypatch.setattr(
                overlay, "_blocked_directions", lambda directions: directions
            )  # it goes on listening
            workflow.apply(workflow.plan(ONE, stage.environment))
        finally:
            os._exit(0)
    connection = libvirt.open(rack.zones["a"].uri)
    give_up = time.monotonic() + 60
    while not [each for each in connection.listAllDomains() if "overlay" in each.name()]:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while connection.listAllDomains():
        assert time.monotonic() < give_up, "the guest outlives who started it"
        time.sleep(0.1)
    assert [each.name() for each in connection.listAllNWFilters() if "overlay" in each.name()]
    stage.bring(ONE)
    assert not [each.name() for each in connection.listAllNWFilters() if "overlay" in each.name()]
    connection.close()


def test_addresses_on_a_shared_bridge_are_given_once(stage):
    stage.bring(ONE)
    narrower = evolve(stage.environment, cidr="10.10.128.0/17")
    with pytest.raises(ApplyError) as caught:
        workflow.apply(workflow.plan(OTHER, narrower))
    assert "one/production has 10.10.0.0/16 on the bridge" in str(caught.value.first)
    assert "another cidr" in caught.value.first.fix
    made = {line.split()[0] for line in stage.bed.ground_truth() if "other" in line}
    assert made <= {"claim", "pool", "disk", "secret"}  # on no bridge
    beside = evolve(stage.environment, cidr="10.11.0.0/16")
    assert workflow.apply(workflow.plan(OTHER, beside)).succeeded
