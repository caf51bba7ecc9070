"""The reference platform on Compute Engine, over HTTP: made, found, drifted by hand, mended, removed."""

from pathlib import Path

import pytest
from attrs import evolve

from emulator import Local
from emulator.hand import REGION
from emulator.identities import PROJECT
from emulator.settings import Settings
from portinfra import PlanOptions, workflow
from portinfra.declaration.load import load
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.emulator import EmulatorClock

EXAMPLE = Path(__file__).parents[3] / "examples" / "payments.hcl"
ALL_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))


@pytest.fixture
def calls():
    """The actions that the provider asks, in order."""
    return []


@pytest.fixture
def there(gce: Local, calls, tmp_path, monkeypatch):
    """A Compute Engine whose hours cost nothing."""
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    gce.bed.settings = Settings(
        live_clock=False, request_seconds=0.05, queue_seconds=0.5, pending_seconds=5.0
    )
    gce.bed.reset()

    def noted(provider, call):
        calls.append(call.action)
        return provider.perform(call)

    with wrap_calls("gcp", noted, clock=EmulatorClock(gce.bed)):
        yield gce
    assert gce.bed.violations == []
    assert gce.bed.gaps == []


@pytest.fixture(scope="module")
def payments():
    declared = load(EXAMPLE)
    environment = evolve(declared.environment("production"), on=f"gcp:{REGION}", account=PROJECT, zones=())
    return declared.topology("payments"), environment


def apply(topology, environment):
    return workflow.apply(workflow.plan(topology, environment, ALL_DATA))


def test_it_is_made_found_again_drifted_mended_and_removed(there, payments, calls, hand):
    topology, environment = payments
    hosts = sum(role.count for role in topology.roles)
    assert hosts >= 30

    outcome = apply(topology, environment)
    assert outcome.succeeded
    assert calls.count("instances.insert") == hosts

    calls.clear()
    assert workflow.plan(topology, environment).empty
    lists = {action for action in calls if "ist" in action}
    assert len(lists) <= 9, lists
    assert set(calls) - lists == {"projects.get"}
    assert len(calls) <= 10, "each list has one page, that of operations too"

    drifted = drift(Person(hand, there.bed))
    plan = workflow.plan(topology, environment)
    assert {change.address for change in plan.changes} == drifted
    assert apply(topology, environment).succeeded
    assert workflow.plan(topology, environment).empty

    remove_what_is_not_ours(Person(hand, there.bed))
    assert workflow.apply(workflow.destroy(topology, environment, ALL_DATA)).succeeded
    there.bed.advance(7200.0)
    assert there.bed.ground_truth(PROJECT) == []


class Person:
    """Somebody at Google's console, who finds things by their names."""

    def __init__(self, hand, bed):
        self.hand = hand
        self.bed = bed

    def wait(self):
        self.bed.advance(60.0)

    def named(self, service, name):
        """The zone and the whole name of one that begins so."""
        for scope, listed in self.hand.ask(service, "aggregated_list"):
            for each in getattr(listed, service.lower()):
                if each.name.startswith(f"payments-production-{name}-"):
                    return {"zone": scope.partition("/")[2], service.lower()[:-1]: each.name}
        raise AssertionError(f"there is no {name}")

    def instance(self, name):
        return self.named("Instances", name)

    def firewall(self, name):
        found = self.hand.ask("Firewalls", "list")
        return next(each for each in found if each.name.startswith(f"payments-production-{name}-"))

    def do(self, service, method, **given):
        self.hand.begin(service, method, **given)
        self.wait()


def stopped(person):
    person.do("Instances", "stop", **person.instance("web1"))
    return {"instance.web1"}


def deleted(person):
    person.do("Instances", "delete", **person.instance("app1"))
    return {"instance.app1"}


def resized(person):
    where = person.instance("app2")
    person.do("Instances", "stop", **where)
    small = {"machine_type": f"zones/{where['zone']}/machineTypes/e2-micro"}
    person.do("Instances", "set_machine_type", instances_set_machine_type_request_resource=small, **where)
    person.do("Instances", "start", **where)
    return {"instance.app2"}


def opened(person):
    """A rule of one's own, for all hosts of a role."""
    shell = person.firewall("cards-db")
    rule = {
        "name": "let-me-in",
        "network": shell.network,
        "allowed": [{"I_p_protocol": "tcp", "ports": ["22"]}],
        "source_ranges": ["0.0.0.0/0"],
        "target_tags": [shell.name],
    }
    person.do("Firewalls", "insert", firewall_resource=rule)
    return {"firewall-rules.cards-db"}


def widened(person):
    rule = person.firewall("frontend-in")
    person.do(
        "Firewalls", "patch", firewall=rule.name, firewall_resource={"source_ranges": ["198.51.100.0/24"]}
    )
    return {"firewall-rules.frontend"}


def let_out(person):
    """The wall of a role, switched off."""
    shell = person.firewall("queue")
    person.do("Firewalls", "patch", firewall=shell.name, firewall_resource={"disabled": True})
    return {"firewall.queue"}


def moved(person):
    """Into no role."""
    where = person.instance("web2")
    tags = person.hand.ask("Instances", "get", **where).tags
    request = {"items": [], "fingerprint": tags.fingerprint}
    person.do("Instances", "set_tags", tags_resource=request, **where)
    return {"instance.web2"}


def detached(person):
    where = person.instance("queue1")
    person.do("Instances", "detach_disk", device_name="queue", **where)
    return {"attachment.queue1-queue"}


def labelled(person):
    where = person.named("Disks", "ledger-db1-data")
    disk = person.hand.ask("Disks", "get", **where)
    labels = {**disk.labels, "cost-centre": "somebody-elses"}
    request = {"labels": labels, "label_fingerprint": disk.label_fingerprint}
    where["resource"] = where.pop("disk")
    person.do("Disks", "set_labels", zone_set_labels_request_resource=request, **where)
    return {"volume.ledger-db1-data"}


def unbound(person):
    where = person.instance("vpn1")
    access = person.hand.ask("Instances", "get", **where).network_interfaces[0].access_configs[0]
    named = {"access_config": access.name, "network_interface": "nic0"}
    person.do("Instances", "delete_access_config", **named, **where)
    return {"public-address.vpn1"}


def emptied(person):
    """A rule that is gone."""
    rule = person.firewall("ledger-db-in")
    person.do("Firewalls", "delete", firewall=rule.name)
    return {"firewall-rules.ledger-db"}


DRIFTS = (
    stopped,
    deleted,
    resized,
    opened,
    widened,
    let_out,
    moved,
    detached,
    labelled,
    unbound,
    emptied,
)


def drift(person):
    person.wait()
    changed = set()
    for do in DRIFTS:
        changed |= do(person)
    person.wait()
    return changed


def remove_what_is_not_ours(person):
    """It was switched off, and it is not portinfra's to delete: a network goes when nothing is in it."""
    rule = next(each for each in person.hand.ask("Firewalls", "list") if each.name == "let-me-in")
    assert rule.disabled
    person.do("Firewalls", "delete", firewall=rule.name)
