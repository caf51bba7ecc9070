"""A standby for real: its guests run while the other site is active, get the newest rows by a refresh, and no
packet from outside reaches them before they are active.
"""

from contextlib import ExitStack

import pytest
from attrs import evolve

from hypervisors.guest import build
from hypervisors.guests import guests
from hypervisors.probes import Capture
from hypervisors.site import BRIDGE, site
from portinfra import (
    INTERNET,
    Environment,
    Probe,
    RecoveryPlan,
    Role,
    Topology,
    Volume,
    allow,
    dr,
    workflow,
)

pytestmark = pytest.mark.soak  # minutes of the processors' time

FEW = {"R6": "as small as can be"}
SMALL = {"count": 1, "size": "c1-m128", "disk_gib": 1, "waive": FEW}
SHOP = Topology(
    "shop",
    [
        Role("web", public="customers", **SMALL),
        Role("db", volumes=[Volume("data", gib=1)], **SMALL),
    ],
    [
        allow(INTERNET, "web", tcp=443, why="customers"),
        allow("web", "db", tcp=5432, why="orders"),
    ],
)
DEVICE = "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_data"
OUTSIDE = "10.20.0.1"
"""The address of a machine that is in no role, in the network of the standby."""


@pytest.fixture
def sites(tmp_path, shared):
    """Two sites, of one hypervisor each."""
    image = build(shared)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        here, there = (
            stack.enter_context(
                site(name, tmp_path / name, shared=shared, zones=("a",), image=image, account=name)
            )
            for name in ("east", "west")
        )
        (tmp_path / "sites.hcl").write_text(here.hcl() + there.hcl())
        patch.setenv("PORTINFRA_SITES", str(tmp_path / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))
        (hypervisor,) = there.zones.values()
        hypervisor.run("ip", "address", "add", f"{OUTSIDE}/16", "dev", BRIDGE)
        yield here, there


def rows(where):
    """The rows that the database host of a site has on its volume; it has just started."""
    guest = guests(where.zones)["db1"]
    guest.plug_in()
    guest.told(f"mkdir -p /data; mount {DEVICE} /data")
    return guest.told("cat /data/rows").split()


def test_a_standby_has_the_rows_of_its_last_refresh_and_nobody_outside_reaches_it(sites):
    here, there = sites
    production = Environment(
        "production", on="libvirt:east", account="east", zones=("a",), key="payments", cidr="10.10.0.0/16"
    )
    recovery = evolve(production, name="recovery", on="libvirt:west", account="west", cidr="10.20.0.0/16")
    plan = RecoveryPlan(
        "shop",
        production,
        recovery,
        rpo="4h",
        rto="1h",
        waves=[["db"], ["web"]],
        probes=[Probe("rows", lambda inventory: read.append(rows(there)), reads="db")],
        standby="running",
    )
    read = []
    about = dr.recovery(SHOP, plan, (production, recovery))
    workflow.apply(workflow.plan(SHOP, production, guards=[about]))
    database = guests(here.zones)["db1"]
    database.plug_in()
    database.told(f"mke2fs -q {DEVICE} >/dev/null 2>&1; mkdir -p /data && mount {DEVICE} /data")
    database.told("echo first > /data/rows; sync")
    assert dr.replicate(about).succeeded

    workflow.apply(workflow.plan(SHOP, recovery, guards=[about]))
    assert set(guests(there.zones)) == {"db1", "web1"}
    assert dr.status(about).standby_runs

    database.told("echo second >> /data/rows; sync")
    evidence = dr.refresh(about)
    assert evidence.result == "passed", evidence.reasons
    assert read.pop() == ["first"], "the second row was written after the point"
    assert dr.replicate(about, now=True).succeeded
    database.told("echo third >> /data/rows; sync")
    assert dr.refresh(about).result == "passed"
    assert read.pop() == ["first", "second"]

    assert not reached(there)
    assert set(guests(here.zones)) == {"db1", "web1"}, "the source was left as it is"
    assert dr.failover(about).result == "passed"
    assert read.pop() == ["first", "second"]
    assert reached(there)
    assert guests(here.zones) == {}


def reached(where):
    """Whether the web host gets what a client outside sends, and whether it answers."""
    web, (outside,) = guests(where.zones)["web1"], where.zones.values()
    web.plug_in()
    web.told("nc -ll -p 443 -e true >/dev/null 2>&1 & true")
    with Capture([web], "tcp port 443") as capture:
        try:
            outside.run("busybox", "nc", "-w", "2", web.address, "443")
            answers = True
        except RuntimeError:
            answers = False
    assert answers == bool(capture.seen[web.name])
    return answers
