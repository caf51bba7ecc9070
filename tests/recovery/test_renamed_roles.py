"""Law: a renamed role keeps no host from a fence or an abandonment, and hides no data that is replaced."""

import pytest
from attrs import evolve
from turning import HOW, LOST, lost, powers, unpassed
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write

from portinfra import workflow
from portinfra.model.topology import INTERNET, Topology, allow
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.forecast import make_forecast

WEB, DB = SHOP.roles
STORE = evolve(DB, name="store", renamed_from="db")
RENAMED = Topology(
    "shop",
    [WEB, STORE],
    [
        allow(INTERNET, WEB, tcp=443, why="customers"),
        allow(WEB, STORE, tcp=5432, why="orders"),
        allow(STORE, STORE, tcp=5432, why="replication"),
    ],
)


def renamed():
    return recovery(topology=RENAMED, waves=[["store"], ["web"]], rto="99h", rpo="99h")


def test_a_fence_stops_the_hosts_under_their_former_name(ready):
    with lost(PRODUCTION):
        assert failover(recovery(), LOST).result == "passed"
    assert fence(renamed(), run_options=ONE) == 3
    assert powers(ready, PRODUCTION) == {"stopped"}


def test_an_abandoned_takeover_starts_the_hosts_under_their_former_name(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    abandon(renamed(), HOW)
    assert powers(ready, PRODUCTION) == {"running"}


@pytest.fixture
def applied(ready):
    """The target was applied under the former name, and its hosts have written."""
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[recovery()]), seed=0)
    write(ready, RECOVERY, "a release test")
    workflow.apply(workflow.plan(RENAMED, PRODUCTION, guards=[renamed()]), seed=0)
    assert replicate(renamed(), now=True, run_options=ONE).succeeded
    return ready


def test_a_first_takeover_names_and_keeps_the_volumes_of_a_renamed_role(applied):
    findings = make_forecast(renamed(), HOW).findings
    (foreseen,) = (each.message for each in findings if each.rule == "recovery/overwrites-data")
    assert foreseen.endswith(": the takeover replaces store1-data, store2-data")
    evidence = failover(renamed(), HOW)
    assert evidence.result == "passed"
    texts = {applied.read(each.snapshot).decode() for each in evidence.left_aside}
    assert texts == {f"a release test of volume.{name}" for name in ("db1-data", "db2-data")}
