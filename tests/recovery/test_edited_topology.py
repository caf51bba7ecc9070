"""The topology is edited after a takeover began: the next run refuses what its data does not restore. It
names the volumes and what to do, and loses nothing.
"""

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, dies_at, passed_later
from worlds import FEW, ONE, PRODUCTION, RECOVERY, SHOP, TWO, recovery, write

from portinfra.errors import PolicyError
from portinfra.model.recovery import Action
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.simulation import apply_and_check, simulate

DATA = Volume("data", gib=10)
LOGS = Volume("logs", gib=10)


def shop(count=2, volumes=(DATA,)):
    return Topology("shop", [Role("db", count=count, volumes=volumes, waive=FEW)], [])


def about(topology, **more):
    return recovery(topology=topology, **{"waves": [["db"]], "rto": "99h", "rpo": "99h", **more})


def takes_over(cloud):
    """A takeover has brought recovery up, where customers have written; an action of it failed."""
    apply_and_check(shop(), PRODUCTION)
    write(cloud, PRODUCTION, "ledger")
    assert replicate(about(shop()), run_options=ONE).succeeded
    stopped = about(shop(), actions=[Action("promote", run=lambda inventory: False)])
    assert failover(stopped, HOW).result == "failed"
    write(cloud, RECOVERY, "orders")


@pytest.fixture
def begun_takeover():
    with begun(takes_over) as cloud:
        yield cloud
        assert texts(cloud) >= {
            f"{text} of volume.db{n}-data" for text in ("ledger", "orders") for n in (1, 2)
        }


def texts(cloud):
    kinds = ("volume", "snapshot")
    return {cloud.read(each["id"]).decode() for each in cloud.ground_truth() if each["kind"] in kinds}


EDITS = {
    "a volume is added": (shop(volumes=(DATA, LOGS)), ["volume.db1-logs", "volume.db2-logs"]),
    "a host is added": (shop(count=3), ["volume.db3-data"]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_has_no_data_is_named_and_may_begin_blank(begun_takeover, edit):
    topology, volumes = EDITS[edit]
    with pytest.raises(PolicyError) as error:
        failover(about(topology), HOW)
    (finding,) = error.value.findings
    assert all(volume in finding.message for volume in volumes)
    assert "Declare the topology as it was when failover" in finding.fix
    assert " ".join(f"--blank {volume}" for volume in volumes) in finding.fix
    evidence = failover(about(topology), evolve(HOW, blank=volumes))
    assert (evidence.result, list(evidence.blank)) == ("passed", volumes)


@pytest.mark.parametrize("goes_on", [failover, abandon])
def test_a_volume_that_is_declared_smaller_is_named(begun_takeover, goes_on):
    smaller = about(shop(volumes=(Volume("data", gib=5),)))
    with pytest.raises(PolicyError) as error:
        failover(smaller, HOW)
    (finding,) = error.value.findings
    assert "volume.db1-data is too large (it has 10 GiB, and 5 GiB are declared)" in finding.message
    assert finding.fix == "Declare these volumes as large as their data."
    goes_on(smaller if goes_on is abandon else about(shop()), HOW)


def test_the_volume_of_a_host_that_is_removed_stays(begun_takeover):
    assert failover(about(shop(count=1)), HOW).result == "passed"


@pytest.mark.parametrize("copier", ["this version", "an earlier version"])
def test_a_group_that_is_undeclared_while_its_point_is_on_its_way_keeps_a_usable_point(copier):
    both, fewer = about(TWO, waves=[["db", "files"], ["web"]]), about(SHOP, waves=[["db"], ["web"]])

    def hand(provider, call):
        """An earlier version copied it under the own key of the provider."""
        if call.action == "CopySnapshot" and copier == "an earlier version":
            call = evolve(call, parameters={**call.parameters, "key": None})
        return provider.perform(call)

    with simulate() as cloud:
        apply_and_check(TWO, PRODUCTION)
        assert replicate(both, run_options=ONE).succeeded
        passed_later(cloud, 3600)
        dies_at("CopySnapshot", lambda: replicate(both, now=True, run_options=ONE))
        passed_later(cloud, 3600)
        with wrap_calls("fake", hand):
            replicate(fewer, now=True, run_options=ONE)
        usable = [point for point in status(both).points if point.group == "files" and point.restorable]
        assert usable
        copies = [each for each in cloud.ground_truth(RECOVERY.account) if each["kind"] == "snapshot"]
        keys = [each["key"] for each in copies if "files" in each["name"]]
        assert RECOVERY.key in keys
        assert (None in keys) is (copier == "an earlier version")
