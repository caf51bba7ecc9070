"""The networks of all waves are made with the first wave; hosts and volumes come with their own."""

from attrs import evolve
from turning import HOW
from worlds import RECOVERY, SHOP, recovery

from portinfra import workflow
from portinfra.model.recovery import Wave
from portinfra.placement import place
from portinfra.planning.world import World
from portinfra.recovery.points.restore import missing_networks
from portinfra.recovery.takeover.takeover import failover

NETWORKS = ("subnet", "firewall", "firewall-rules")


def of_role(role, addresses):
    roles = place(SHOP, RECOVERY).roles
    return {address for address in addresses if roles.get(address) == role}


def test_at_the_first_gate_later_waves_have_their_networks_and_no_host(ready):
    seen = {}

    def gate(inventory):
        seen.update(workflow.observe(SHOP, RECOVERY).resources)
        return True

    assert failover(recovery(waves=[Wave(["db"], gates=gate), ["web"]]), HOW).result == "passed"
    wanted = of_role("web", place(SHOP, RECOVERY).resources)
    networks = {address for address in wanted if address.kind in NETWORKS}
    assert len(networks) > len(NETWORKS)
    assert of_role("web", seen) == networks


def test_a_role_in_no_wave_gets_no_subnet(ready):
    failover(recovery(waves=[["db"]], without=["web"]), HOW)
    made = of_role("web", workflow.observe(SHOP, RECOVERY).resources)
    assert {address.kind for address in made} <= {"firewall", "firewall-rules"}, "peers of the rules of db"


def test_rules_of_an_existing_firewall_wait_for_the_wave_of_its_role(ready):
    """Hosts may run behind it: a standby is closed to the internet until its data is restored."""
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=()), seed=0)
    placed, there = place(SHOP, RECOVERY), workflow.observe(SHOP, RECOVERY)
    assert missing_networks(placed, there, {"db", "web"}) == frozenset()
    known = World(there.resources)
    known.record("firewall-rules.web", None)
    assert missing_networks(placed, evolve(there, resources=known.snapshot()), {"web"}) == frozenset()
    known.record("subnet.web-0", None)
    left = evolve(there, resources=known.snapshot())
    assert missing_networks(placed, left, {"web"}) == {"subnet.web-0"}
