"""Recovery from EC2 to Compute Engine and back, by way of a vault: every call is made to both test beds, and
the bytes are sealed, stored and opened by the real tools.

The beds' instances run nothing. Helpers' scripts are run by a stand-in, which evidence names. What volumes of
EC2 hold, that bed keeps; of Compute Engine it is kept beside it, by where that bed says that a disk is from.
"""

import subprocess
from contextlib import ExitStack

import pytest
from attrs import evolve, frozen
from installed import need

from portinfra import (
    INTERNET,
    Environment,
    Probe,
    RecoveryPlan,
    Role,
    Topology,
    Vault,
    Volume,
    allow,
    dr,
    workflow,
)
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.local_scripts import LocalScriptRunner

need("moto", "google.cloud.compute_v1")
pytestmark = pytest.mark.tools("age", "rclone", "zstd")

ONE = dr.RunOptions(seed=0)
KEY = "shop/volumes"
"""A key ring and a key in it."""
FEW = {"R6": "as small as can be"}
SHOP = Topology(
    "shop",
    [
        Role("web", count=1, public="customers", waive=FEW),
        Role("db", count=2, volumes=[Volume("data", gib=10)], waive=FEW),
    ],
    [allow(INTERNET, "web", tcp=443, why="customers"), allow("web", "db", tcp=5432, why="orders")],
)


@frozen
class OneTime:
    """The time of several beds, which pass together."""

    beds: tuple
    virtual: bool = True

    def now(self):
        return max(bed.now() for bed in self.beds)

    def sleep_until(self, moment):
        for bed in self.beds:
            bed.advance(max(0.0, moment - bed.now()))


ROOM = 1024
"""Bytes at the beginning of a volume that anything is written to here."""


class Bytes:
    """What the volumes of both clouds hold."""

    def __init__(self, ec2, gce):
        self.ec2, self.gce, self.written = ec2, gce, {}

    def read(self, volume):
        if volume.startswith("vol-"):
            return self.ec2.read(volume, 0, ROOM).rstrip(b"\0")
        while volume not in self.written:
            volume = self._origin(volume)
            if not volume:
                return b""  # blank
        return self.written[volume]

    def write(self, volume, data):
        if volume.startswith("vol-"):
            self.ec2.write(volume, data.ljust(ROOM, b"\0"))
        else:
            self.written[volume] = data

    def _origin(self, disk):
        """The disk that a disk's snapshot was taken of."""
        zone, name = disk.split("/")[1::2]
        disk = self.gce.ask("Disks", "get", zone=zone, disk=name)
        if not disk.source_snapshot:
            return ""
        snapshot = self.gce.ask("Snapshots", "get", snapshot=disk.source_snapshot.rpartition("/")[2])
        return "zones/" + snapshot.source_disk.partition("/zones/")[2]


@pytest.fixture
def clouds(monkeypatch):
    """Both clouds, and what their volumes hold."""
    import bed
    import emulator
    from emulator.hand import Hand

    settings = {"live_clock": False, "request_seconds": 0.05, "pending_seconds": 5.0}
    with ExitStack() as stack:
        ec2 = stack.enter_context(bed.in_thread(**settings))
        gce = stack.enter_context(emulator.in_thread(**settings, queue_seconds=0.5))
        for name, value in {**ec2.environment, **gce.environment}.items():
            monkeypatch.setenv(name, value)
        time = OneTime((ec2.bed, gce.bed))
        for provider in ("aws", "gcp"):
            stack.enter_context(wrap_calls(provider, pass_through, clock=time))
        yield Bytes(ec2.bed, Hand(gce.endpoint))
        assert ec2.bed.violations == []


@pytest.fixture
def environments():
    from bed.identities import ACCOUNT
    from emulator.hand import REGION
    from emulator.identities import PROJECT

    return (
        Environment("production", on="aws:us-east-1", account=ACCOUNT, key="alias/shop"),
        Environment("recovery", on=f"gcp:{REGION}", account=PROJECT, cidr="10.20.0.0/16", key=KEY),
    )


@pytest.fixture
def vault(tmp_path, clouds):
    """A vault in a folder, and keys."""
    made = subprocess.run(
        ["age-keygen", "-o", tmp_path / "identity"], capture_output=True, text=True, check=True
    )
    (tmp_path / "rclone.conf").write_text(f"[vault]\ntype = alias\nremote = {tmp_path}/vault\n")
    return Vault(
        "vault:shop",
        "192.0.2.7:22",
        sender=str(tmp_path / "rclone.conf"),
        receiver=str(tmp_path / "rclone.conf"),
        recipient=made.stderr.split()[-1],
        identity=str(tmp_path / "identity"),
        stand=LocalScriptRunner(clouds.read, clouds.write),
    )


def held(clouds, resources):
    """What the volumes among these resources hold."""
    return sorted(clouds.read(seen.id).decode() for a, seen in resources.items() if a.kind == "volume")


def say(clouds, environment, text):
    """Let every volume of an environment hold something."""
    for address, seen in workflow.observe(SHOP, environment).resources.items():
        if address.kind == "volume":
            clouds.write(seen.id, f"{text} of {address.name}".encode())


def beside(environment, *purposes):
    """What is there of scopes beside an environment."""
    places = [evolve(environment, name=f"{environment.name}+{purpose}") for purpose in purposes]
    return [address for place in places for address in workflow.observe(SHOP, place).resources]


def test_what_ec2_held_comes_up_on_compute_engine_and_goes_back(clouds, environments, vault):
    production, recovery = environments
    assert workflow.apply(workflow.plan(SHOP, production)).succeeded
    say(clouds, production, "ledger")

    read = []
    probe = Probe(
        "what was written is there",
        lambda given: read.append(
            sorted(clouds.read(v["id"]).decode() for host in given["hosts"] for v in host["volumes"])
        ),
        reads="db",
    )
    plan = RecoveryPlan(
        "shop", production, recovery, rpo="4h", rto="1h", waves=[["db"], ["web"]], vault=vault, probes=[probe]
    )
    about = dr.recovery(SHOP, plan, environments)
    made = dr.replicate(about, run_options=ONE)
    assert made.succeeded, made
    assert beside(production, "sending") == []

    evidence = dr.drill(about, run_options=ONE)
    assert evidence.result == "passed", evidence.reasons
    assert read == [["ledger of db1-data", "ledger of db2-data"]]
    assert {point.engine for point in evidence.points} == {
        "age (a local stand-in runs the scripts of transfer hosts)"
    }
    assert evidence.left_behind == 0
    assert beside(recovery, "receiving", f"drill-{evidence.id}") == []

    evidence = dr.failover(about, dr.FailoverOptions(lost=True, run_options=ONE))
    assert evidence.result == "passed", evidence.reasons
    assert held(clouds, workflow.observe(SHOP, recovery).resources) == read[0]
    say(clouds, recovery, "newer")
    dr.fence(about, run_options=ONE)
    evidence = dr.failback(about, dr.FailoverOptions(run_options=ONE))
    assert evidence.result == "passed", evidence.reasons
    found = held(clouds, workflow.observe(SHOP, production).resources)
    assert found == ["newer of db1-data", "newer of db2-data"]
    assert beside(recovery, "sending") == beside(production, "receiving") == []
    assert workflow.plan(SHOP, production, guards=[about]).empty
