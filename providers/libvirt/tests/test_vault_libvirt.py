"""By way of a vault, for real: helpers that boot, an sftp server, sealed streams, and rows that come back.

What is written is in no file of either site, nor of the vault, in the clear; and nothing of it is left.
"""

from contextlib import ExitStack

import pytest
from attrs import evolve

from hypervisors.guest import build
from hypervisors.guests import guests
from hypervisors.site import site
from hypervisors.vault import vault
from portinfra import DataPolicy, Environment, Probe, RecoveryPlan, Wave, dr, workflow
from test_encryption_libvirt import files_with
from test_recovery_libvirt import CANARY, DEVICE, LEDGER, mounted

pytestmark = pytest.mark.slow

TOOLS = ("age", "rclone", "zstd", "bash", "dd", "blockdev")


@pytest.fixture(scope="module")
def sites(tmp_path_factory, shared):
    """Two sites, and a vault that their guests can reach."""
    directory = tmp_path_factory.mktemp("vault")
    image = build(shared)
    helper = build(shared, TOOLS)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        here, there = (
            stack.enter_context(
                site(
                    name,
                    directory / name,
                    shared=shared,
                    zones=("a",),
                    image=image,
                    account=name,
                    more_images={"helper.qcow2": helper},
                    boots={"*-db1-*": image, "*": helper},
                )
            )
            for name in ("east", "west")
        )
        (directory / "sites.hcl").write_text(here.hcl() + there.hcl())
        patch.setenv("PORTINFRA_SITES", str(directory / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(directory / "home"))
        hypervisors = [*here.zones.values(), *there.zones.values()]
        kept = stack.enter_context(
            vault(directory / "vault", hypervisors, image="helper", size="c1-m512", limit="30m")
        )
        yield here, there, kept, directory / "vault"


def test_rows_come_back_from_the_vault(sites):
    here, there, kept, folder = sites
    production = Environment(
        "production", on="libvirt:east", account="east", zones=("a",), key="payments", cidr="10.10.0.0/16"
    )
    recovery = evolve(production, name="recovery", on="libvirt:west", account="west")
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
        read.append(mounted(there, scope).told("cat /data/rows").strip().splitlines()[-1])

    plan = RecoveryPlan(
        "ledger",
        production,
        recovery,
        rpo="4h",
        rto="1h",
        waves=[Wave(["db"], limit="20m")],
        data=[DataPolicy("db", engine="age")],
        probes=[Probe("last row", last_row, reads="db")],
        drill_cidr="10.99.0.0/16",
        vault=kept,
    )
    about = dr.recovery(LEDGER, plan, (production, recovery))
    made = dr.replicate(about)
    assert made.succeeded, made
    assert set(guests(here.zones)) == {"db1"}
    evidence = dr.drill(about)
    assert evidence.result == "passed", evidence.reasons
    assert read == [f"{CANARY} 1"]
    assert evidence.left_behind == 0
    assert guests(there.zones) == {}
    assert {point.engine for point in evidence.points} == {"age"}
    for each in (*here.zones.values(), *there.zones.values()):
        assert files_with(CANARY, each.directory) == []
    assert files_with(CANARY, folder) == []
    print(f"moved {made.groups[0].moved} bytes; rto {evidence.rto_measured} s; rpo {evidence.rpo_measured} s")
