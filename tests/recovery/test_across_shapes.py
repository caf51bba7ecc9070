"""A whole disaster from a cloud of one shape to one of another, and back: every volume's contents are looked
up in the clouds' own books.
"""

from itertools import permutations

import pytest
from attrs import evolve
from sweeps import one_in_quick
from vaults import by, needs_tools
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, volumes, write

from portinfra import dr
from portinfra.model.recovery import Probe
from portinfra.model.topology import Role, Topology, Volume
from portinfra.testing.simulation import apply_and_check, simulate

PAIRS = list(permutations(("aws", "gcp", "libvirt"), 2))
HOW = dr.FailoverOptions(run_options=ONE)
FEW = {"check/fewer-than-three": "as small as can be"}
SMALL = Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=1)], waive=FEW)], [])
"""One host with one volume, where the whole shop would cost too much by day."""


def between(source, target, topology=SHOP):
    """The recovery of a topology, checked, from a place of one shape to one of another."""
    production = evolve(PRODUCTION, on=f"fake:{source}/us-east-1")
    standby = evolve(RECOVERY, on=f"fake:{target}/europe-west1")
    return recovery(production, standby, topology, waves=[[role.name] for role in reversed(topology.roles)])


def booked(cloud, environment):
    """What the books of an account say is on its data volumes, by the volume's address."""
    records = {r["id"]: r for r in cloud.ground_truth(environment.account) if r["kind"] == "volume"}
    there = volumes(environment)
    assert set(records) == set(there.values()), "no volume is there besides"
    return {address: cloud.read(id).decode() for address, id in there.items()}


def all_of(text, topology):
    names = [f"volume.db{number}-data" for number in range(1, topology.role("db").count + 1)]
    return {name: f"{text} of {name}" for name in names}


def there_and_back(cloud, about):
    """Replicate, drill, fail over, fail back."""
    source, target, topology = about.source, about.target, about.topology
    apply_and_check(topology, source)
    write(cloud, source, "ledger")
    assert dr.replicate(about, run_options=ONE).succeeded
    write(cloud, source, "too late")

    read = {}

    def probe(inventory):
        named = {v["name"]: v["id"] for host in inventory["hosts"] for v in host["volumes"]}
        read.update({f"volume.{name}": cloud.read(id).decode() for name, id in named.items()})

    probes = [Probe("read", probe, reads="db")]
    drilled = dr.drill(evolve(about, plan=evolve(about.plan, probes=probes)), run_options=ONE)
    assert drilled.result == "passed", drilled.reasons
    assert drilled.left_behind == 0
    assert read == all_of("ledger", topology)
    assert booked(cloud, target) == {}
    assert booked(cloud, source) == all_of("too late", topology)

    evidence = dr.failover(about, HOW)
    assert evidence.result == "passed", evidence.reasons
    assert booked(cloud, target) == all_of("ledger", topology)
    write(cloud, target, "newer")
    evidence = dr.failback(about, HOW)
    assert evidence.result == "passed", evidence.reasons
    assert booked(cloud, source) == all_of("newer", topology)


@pytest.mark.parametrize(("source", "target"), one_in_quick(*PAIRS))
def test_by_snapshots(source, target):
    with simulate() as cloud:
        about = between(source, target)
        there_and_back(cloud, dr.recovery(about.topology, about.plan, [about.source, about.target]))


@needs_tools  # the way back of each goes by the vault, too, in the other direction
@pytest.mark.parametrize(
    ("source", "target", "topology"),
    [
        pytest.param("aws", "gcp", SHOP, id="aws-gcp"),
        pytest.param("gcp", "libvirt", SMALL, id="gcp-libvirt-small", marks=pytest.mark.slow),
        pytest.param("gcp", "libvirt", SHOP, id="gcp-libvirt", marks=pytest.mark.soak),
    ],
)
def test_by_way_of_a_vault(source, target, topology, home):
    with simulate() as cloud:
        about = by("age", home, cloud, between(source, target, topology))
        there_and_back(cloud, dr.recovery(topology, about.plan, [about.source, about.target]))
