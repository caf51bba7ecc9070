"""By way of a vault, for real: hosts of a site, an sftp server, sealed streams, and rows that come back.

What is written is in no file of either site, nor of the vault, in the clear; and nothing of it is left.

By day, this machine runs the scripts of the transfer hosts, on what is on their disks; no guest boots. In the
soak, guests do all of it.
"""

import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from hypervisors.disks import Disk, find_disk
from hypervisors.guest import build
from hypervisors.guests import guests
from hypervisors.site import Site, site
from hypervisors.vault import vault
from portinfra import DataPolicy, Environment, Probe, RecoveryPlan, Wave, dr, workflow
from portinfra.model.address import Address, Scope
from portinfra.testing.local_scripts import run_script
from test_encryption_libvirt import files_with
from test_recovery_libvirt import CANARY, DEVICE, LEDGER, mounted

pytestmark = pytest.mark.slow

TOOLS = ("age", "rclone", "zstd", "bash", "dd", "blockdev")
PRODUCTION = Environment(
    "production", on="libvirt:east", account="east", zones=("a",), key="payments", cidr="10.10.0.0/16"
)
RECOVERY = evolve(PRODUCTION, name="recovery", on="libvirt:west", account="west")
DATA = Address("volume.db1-data")


@frozen
class ByScripts:
    """No guest boots: rows are written to disks and read from them, and transfer hosts have a stand-in."""

    sites: tuple[Site, Site]
    folder: Path
    name: str = "this machine runs the scripts of transfer hosts"
    engine: str = f"age ({name})"
    """The engine of a point, as evidence names it."""

    def run(self, script: str, volume: str) -> None:
        """Do the work of a transfer host, which powers itself off if it wrote to its disk."""
        disk, raw = self._disk(volume), self.folder / "disk"
        disk.copy_to(raw)
        before = raw.stat().st_mtime_ns
        run_script(script, raw)
        if raw.stat().st_mtime_ns != before:
            disk.overwrite(raw)
        raw.unlink()

    def write_row(self, row: str) -> None:
        """Write a row to the volume of the one host in production."""
        raw, rows = self.folder / "raw", self.folder / "rows"
        rows.write_text(f"{row}\n")
        disk = self._disk(workflow.observe(LEDGER, PRODUCTION).resources[DATA].id)
        disk.copy_to(raw)
        subprocess.run(["mke2fs", "-q", "-F", raw], check=True, capture_output=True)
        subprocess.run(["debugfs", "-w", "-R", f"write {rows} rows", raw], check=True, capture_output=True)
        disk.overwrite(raw)
        raw.unlink()
        workflow.apply(workflow.plan(LEDGER, PRODUCTION))

    def last_row(self, inventory: Mapping[str, Any], scope: Scope) -> str:
        """Return the last row on the volume of the one host of an inventory."""
        raw = self.folder / "raw"
        self._disk(inventory["hosts"][0]["volumes"][0]["id"]).copy_to(raw)
        said = subprocess.run(["debugfs", "-R", "cat rows", raw], check=True, capture_output=True, text=True)
        raw.unlink()
        return said.stdout.splitlines()[-1]

    def _disk(self, path: str) -> Disk:
        return find_disk([zone for each in self.sites for zone in each.zones.values()], path)


@frozen
class ByGuests:
    """Guests boot, write rows, carry volumes and read rows."""

    sites: tuple[Site, Site]
    engine: str = "age"

    def write_row(self, row: str) -> None:
        """Let the one guest in production write a row."""
        (guest,) = guests(self.sites[0].zones).values()
        guest.plug_in()
        guest.told(f"mke2fs -q {DEVICE} >/dev/null 2>&1; mkdir -p /data && mount {DEVICE} /data")
        guest.told(f"echo {row} > /data/rows; sync")

    def last_row(self, inventory: Mapping[str, Any], scope: Scope) -> str:
        """Let the one guest of a scope read the last row."""
        return mounted(self.sites[1], scope).told("cat /data/rows").strip().splitlines()[-1]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(False, id="this machine runs the scripts"),
        pytest.param(True, id="guests run the scripts", marks=pytest.mark.soak),
    ],
)
def sites(request, tmp_path_factory, shared):
    """Two sites, a vault that both can reach with its folder, and who writes and reads rows."""
    directory = tmp_path_factory.mktemp("vault")
    if request.param:
        image, helper = build(shared), build(shared, TOOLS)
        given = {
            "image": image,
            "more_images": {"helper.qcow2": helper},
            "boots": {"*-db1-*": image, "*": helper},
        }
    else:
        given = {"bare": True}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        ends = tuple(
            stack.enter_context(
                site(name, directory / name, shared=shared, zones=("a",), account=name, **given)
            )
            for name in ("east", "west")
        )
        (directory / "sites.hcl").write_text("".join(each.hcl() for each in ends))
        patch.setenv("PORTINFRA_SITES", str(directory / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(directory / "home"))
        by = ByGuests(ends) if request.param else ByScripts(ends, tmp_path_factory.mktemp("raw"))
        more = {"image": "helper"} if request.param else {"image": "debian-12", "stand": by}
        hypervisors = [hypervisor for each in ends for hypervisor in each.zones.values()]
        kept = stack.enter_context(
            vault(directory / "vault", hypervisors, size="c1-m512", limit="30m", **more)
        )
        yield ends, kept, directory / "vault", by


def test_rows_come_back_from_the_vault(sites):
    (here, there), kept, folder, by = sites
    workflow.apply(workflow.plan(LEDGER, PRODUCTION))
    by.write_row(f"{CANARY} 1")
    read = []

    def last_row(inventory):
        """The last row that was committed is read from the restored volume."""
        topology, _, environment = inventory["scope"].partition("/")
        scope = evolve(about.target_scope, topology=topology, environment=environment)
        read.append(by.last_row(inventory, scope))

    plan = RecoveryPlan(
        "ledger",
        PRODUCTION,
        RECOVERY,
        rpo="4h",
        rto="1h",
        waves=[Wave(["db"], limit="20m")],
        data=[DataPolicy("db", engine="age")],
        probes=[Probe("last row", last_row, reads="db")],
        drill_cidr="10.99.0.0/16",
        vault=kept,
    )
    about = dr.recovery(LEDGER, plan, (PRODUCTION, RECOVERY))
    made = dr.replicate(about)
    assert made.succeeded, made
    assert set(guests(here.zones)) == {"db1"}
    evidence = dr.drill(about)
    assert evidence.result == "passed", evidence.reasons
    assert read == [f"{CANARY} 1"]
    assert evidence.left_behind == 0
    assert guests(there.zones) == {}
    assert {point.engine for point in evidence.points} == {by.engine}
    for each in (*here.zones.values(), *there.zones.values()):
        assert files_with(CANARY, each.directory) == []
    assert files_with(CANARY, folder) == []
    print(f"moved {made.groups[0].moved} bytes; rto {evidence.rto_measured} s; rpo {evidence.rpo_measured} s")
