"""SIGKILL to a client with eight calls under way, and what a run may leave that died between two steps of one
call: running again comes to the declared world, and then to nothing.
"""

import os
import random
import signal
import time
from contextlib import contextmanager

import libvirt
import pytest

from hypervisors.conformance_bed import LibvirtBed
from portinfra import workflow
from portinfra.errors import Unavailable
from portinfra.model.address import Scope
from portinfra.testing.conformance import BEFORE, Stage
from portinfra.testing.conformance.stage import LOSE_DATA
from portinfra_libvirt import connections, disks, marks
from portinfra_libvirt.actions import virtualisation
from portinfra_libvirt.errors import to_provider_error
from portinfra_libvirt.site import DIRECTORY, Hypervisor, Site

KILLS = 3


@pytest.fixture(scope="module")
def bed(rack, depot, tmp_path_factory):
    directory = tmp_path_factory.mktemp("killed")
    (directory / "sites.hcl").write_text(rack.hcl() + depot.hcl())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTINFRA_SITES", str(directory / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(directory))
        stage = Stage(LibvirtBed(rack, depot))
        stage.bed.reset()
        stage.bring(BEFORE)
        good = stage.ground_truth()
        yield stage, good
        stage.bed.reset()


@pytest.fixture
def stage(bed):
    """An empty world."""
    stage, _ = bed
    stage.bed.reset()
    return stage


@pytest.fixture
def good(bed):
    """What is there when nobody was killed."""
    return bed[1]


def killed(work, seconds):
    """Do the work in a process of its own, and kill it after so long; whether it had ended before."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    ended, _ = os.waitpid(child, os.WNOHANG)
    if not ended:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return bool(ended)


@pytest.mark.parametrize("seed", range(2))
def test_whoever_is_killed_again_and_again_gets_there(stage, good, seed):
    chance = random.Random(seed)
    there = stage.environment

    def bring():
        workflow.apply(workflow.plan(BEFORE, there, LOSE_DATA))

    def remove():
        workflow.apply(workflow.destroy(BEFORE, there, LOSE_DATA))

    for _ in range(KILLS):
        killed(bring, chance.uniform(0.3, 4.0))
    stage.bring(BEFORE)
    assert stage.ground_truth() == good
    for _ in range(KILLS):
        killed(remove, chance.uniform(0.3, 4.0))
    stage.remove(BEFORE)
    assert list(stage.bed.ground_truth()) == []


def test_the_guest_that_tries_kvm_ends_with_who_tries_it(rack):
    connection = libvirt.open(rack.zones["a"].uri)

    def tried():
        there = libvirt.open(rack.zones["a"].uri)
        virtualisation._kvm_runs(Emulating(there))

    try:
        assert not killed(tried, 3.0)
        give_up = time.monotonic() + 20
        while connection.listAllDomains():
            assert time.monotonic() < give_up
            time.sleep(0.1)
    finally:
        connection.close()


class Emulating:
    """A connection to a hypervisor that emulates what is asked of KVM."""

    def __init__(self, there):
        self.there = there

    def createXML(self, document, flags):
        return self.there.createXML(document.replace("type='kvm'", "type='qemu'"), flags)


def test_a_daemon_that_hangs_is_given_up_and_found_again(rack, monkeypatch):
    monkeypatch.setattr(connections, "OPEN_SECONDS", 2.0)
    monkeypatch.setattr(connections, "ALIVE_SECONDS", 1)
    monkeypatch.setattr(connections, "ALIVE_TIMES", 2)
    hypervisor = rack.zones["a"]
    there = Site("rack", (Hypervisor("a", hypervisor.uri, ("a",)),))
    opened = connections.Connections(there)
    connection = opened.to("a")
    with hypervisor.hanging():
        with pytest.raises(libvirt.libvirtError) as caught:
            connection.listAllDomains()
        assert isinstance(to_provider_error(caught.value), Unavailable)
        with pytest.raises(Unavailable):
            opened.to("a")
    monkeypatch.setattr(connections, "OPEN_SECONDS", 30.0)
    give_up = time.monotonic() + 30
    while True:
        try:
            assert opened.to("a").listAllDomains() == []
            break
        except Unavailable:
            assert time.monotonic() < give_up
            time.sleep(0.1)
    opened.close()


def test_what_is_left_between_two_steps_of_a_call_is_no_obstacle(stage, good):
    leave_a_pool_without_its_directory(stage, "a")
    leave_an_empty_pool(stage, "b")
    leave_a_secret_without_a_value(stage, "a")
    stage.bring(BEFORE)
    assert stage.ground_truth() == good
    stage.remove(BEFORE)
    assert list(stage.bed.ground_truth()) == []


def leave_a_pool_without_its_directory(stage, zone):
    with at(stage, zone) as connection:
        connection.storagePoolDefineXML(disks.pool_document(DIRECTORY, scope_of(stage)))


def leave_an_empty_pool(stage, zone):
    with at(stage, zone) as connection:
        connection.storagePoolDefineXML(disks.pool_document(DIRECTORY, scope_of(stage))).build()


def leave_a_secret_without_a_value(stage, zone):
    file, scope = "volume.db1-data.000000000000-000000.qcow2", scope_of(stage)
    said = {"address": "volume.db1-data", "file": file, "scope": str(scope), "zone": zone}
    said[disks.UNFINISHED] = True
    path = f"{disks.directory(DIRECTORY, scope)}/{file}"
    with at(stage, zone) as connection:
        connection.secretDefineXML(disks.secret_document(path, marks.to_text(said)))


def scope_of(stage):
    return Scope(BEFORE.name, stage.environment.name)


@contextmanager
def at(stage, zone):
    connection = libvirt.open(stage.bed.site.zones[zone].uri)
    yield connection
    connection.close()
