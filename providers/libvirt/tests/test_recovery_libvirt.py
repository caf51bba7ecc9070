"""Recovery for real: from one site to another, with rows that a guest wrote and another guest reads.

What is written is in no file of either site in the clear: not in the disks, the points, the drill's volumes.
"""

from contextlib import ExitStack

import pytest
from attrs import evolve

from hypervisors.guest import build
from hypervisors.guests import guests
from hypervisors.site import site
from portinfra import Environment, Probe, RecoveryPlan, Role, Topology, Volume, Wave, dr, workflow
from test_encryption_libvirt import files_with

pytestmark = pytest.mark.slow

CANARY = "a-row-that-sings-51c0aa"
FEW = {"R6": "as small as can be"}
LEDGER = Topology(
    "ledger",
    [Role("db", count=1, size="c1-m128", disk_gib=1, volumes=[Volume("data", gib=1)], waive=FEW)],
)
DEVICE = "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_data"


@pytest.fixture(scope="module")
def sites(tmp_path_factory, shared):
    """Two sites, of one hypervisor each."""
    directory = tmp_path_factory.mktemp("recovery")
    image = build(shared)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        here, there = (
            stack.enter_context(
                site(name, directory / name, shared=shared, zones=("a",), image=image, account=name)
            )
            for name in ("east", "west")
        )
        (directory / "sites.hcl").write_text(here.hcl() + there.hcl())
        patch.setenv("PORTINFRA_SITES", str(directory / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(directory / "home"))
        yield here, there


@pytest.fixture
def environments():
    production = Environment(
        "production", on="libvirt:east", account="east", zones=("a",), key="payments", cidr="10.10.0.0/16"
    )
    return production, evolve(production, name="recovery", on="libvirt:west", account="west")


def mounted(site, scope, *, plug_in=True):
    """The one guest of a scope that runs, its volume mounted; plugged in unless it was asked before."""
    name = scope.native_name("db1")
    (guest,) = [g for g in guests(site.zones).values() if g.domain == name]
    if plug_in:
        guest.plug_in()
    guest.told(f"mkdir -p /data; mount | grep -q /data || mount {DEVICE} /data")
    return guest


def test_rows_come_back_in_a_drill_a_failover_and_on_the_way_back(sites, environments):
    here, there = sites
    production, recovery = environments
    workflow.apply(workflow.plan(LEDGER, production))
    (guest,) = guests(here.zones).values()
    guest.plug_in()
    guest.told(f"mke2fs -q {DEVICE} >/dev/null 2>&1; mkdir -p /data && mount {DEVICE} /data")
    guest.told(f"echo {CANARY} 1 > /data/rows; sync")

    read = []

    def last_row(inventory):
        """The last row that was committed is read from the restored volume."""
        topology, _, environment = inventory["scope"].partition("/")
        scope = evolve(about.target_scope, topology=topology, environment=environment)
        rows = mounted(there, scope).told("cat /data/rows")
        read.append(rows.strip().splitlines()[-1])
        return read[-1]

    plan = RecoveryPlan(
        "ledger",
        production,
        recovery,
        rpo="4h",
        rto="1h",
        waves=[Wave(["db"], limit="20m")],
        probes=[Probe("last row", last_row, reads="db")],
        drill_cidr="10.99.0.0/16",
    )
    about = dr.recovery(LEDGER, plan, environments)

    assert dr.replicate(about).succeeded
    guest.told(f"echo {CANARY} 2 >> /data/rows; sync")
    assert dr.replicate(about, now=True).succeeded
    evidence = dr.drill(about)
    assert evidence.result == "passed", evidence.reasons
    assert read == [f"{CANARY} 2"]
    assert evidence.left_behind == 0
    for each in sites:
        (hypervisor,) = each.zones.values()
        assert files_with(CANARY, hypervisor.directory) == []

    evidence = dr.failover(about)
    assert evidence.result == "passed", evidence.reasons
    assert guests(here.zones) == {}
    standing = mounted(there, about.target_scope, plug_in=False)
    standing.told(f"echo {CANARY} 3 >> /data/rows; sync")

    last_row_of = []
    back = evolve(
        plan,
        probes=[
            Probe(
                "last row",
                lambda given: last_row_of.append(
                    mounted(here, about.source_scope).told("tail -1 /data/rows")
                ),
            )
        ],
    )
    evidence = dr.failback(dr.recovery(LEDGER, back, environments))
    assert evidence.result == "passed", evidence.reasons
    assert last_row_of == [f"{CANARY} 3\n"]
    assert guests(there.zones) == {}
    for each in sites:
        (hypervisor,) = each.zones.values()
        assert files_with(CANARY, hypervisor.directory) == []
