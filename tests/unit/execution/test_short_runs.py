"""A run ends only when lists show its lease. So a read after a short run finds what it did."""

import pytest
from attrs import evolve
from transcripts import Terminal

from portinfra import Environment, Role, Topology, workflow
from portinfra.execution.connection import Connection
from portinfra.lease import list_leases
from portinfra.model.address import Scope
from portinfra.testing.fake import AWS, FakeCloud, plugin

SHOP = Topology("shop", roles=[Role("web", count=1)])
PRODUCTION = Environment("production", on="fake:us-east-1")
SCRIPT = """
from portinfra import Environment, RecoveryPlan, Role, Topology, cli

web = Role("web", count=1)
production = Environment("production", on="fake:us-east-1")
recovery = Environment("recovery", on="fake:eu-west-1", cidr="10.99.0.0/16")
disaster = RecoveryPlan("shop", source=production, target=recovery, rpo="4h", rto="1h", waves=[[web]])
cli(Topology("shop", roles=[web]), environments=[production, recovery], recovery={recovery})
"""


@pytest.fixture(autouse=True)
def cloud():
    plugin.cloud = FakeCloud(shape=evolve(AWS, visibility_seconds=15.0))
    yield plugin.cloud
    plugin.cloud = None


def record_a_peer():
    with Connection.to(PRODUCTION) as here, here.start_run(Scope("shop", "production")) as run:
        run.record_peer("recovery")


def test_a_read_right_after_a_short_run_finds_what_it_did():
    workflow.apply(workflow.plan(SHOP, PRODUCTION), seed=0)
    record_a_peer()
    assert workflow.plan(SHOP, PRODUCTION).peer == "recovery"
    assert list_leases(SHOP, PRODUCTION)[-1].released


def test_a_command_right_after_a_command_finds_what_it_did(tmp_path):
    terminal = Terminal(tmp_path)

    def run(command, recovery):
        (tmp_path / "shop.py").write_text(SCRIPT.format(recovery=recovery))
        return terminal.run(f"python shop.py {command}")

    run("apply production --yes", "[]")
    run("apply production --yes", "[disaster]")
    assert "nothing checked whether recovery is active" in run("plan production", "[]")
