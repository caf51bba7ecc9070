"""Law: a run writes to an end only while it holds a lease of that end. A run adds an entry to a ledger, or
changes one, under any lease of the end, and the entry of a takeover under the lease of the environment.

While a run waits for a second lease, it renews those that it has.
"""

import json
from contextlib import contextmanager

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, LOST, dies_after, passed_later, stuck
from waits import Waits
from worlds import ONE, RECOVERY, SHOP, recovery, shop_has_a_point, write

from portinfra import workflow
from portinfra.model.recovery import Action
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.approve import approve
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.refresh import refresh
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Crash, Faults, inject_faults

PLANNED = evolve(HOW, planned=True)
OF_TAKEOVERS = ("failover", "stood")


def environment_scopes(about):
    """Hash of the ledger's scope → hash of the environment's, of both ends."""
    return {way.ledger.hash: way.target_scope.hash for way in (about, about.reversed)}


class Writes:
    """Every write that a run made without the lease that it needs."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.count = 0
        self.without_lease = []
        self.ledgers = environment_scopes(recovery())

    def perform(self, provider, call):
        if not call.reads:
            self.count += 1
            if problem := self.find_problem(provider.account, call):
                self.without_lease.append(problem)
        return provider.perform(call)

    def find_problem(self, account, call):
        books = [each for each in self.cloud.ground_truth(account) if each["account"] == account]
        names = [str(call.parameters.get("name", ""))]
        names += [each["name"] for each in books if each["id"] in map(str, call.parameters.values())]
        held = {
            each["name"].split("-")[1]
            for each in books
            if each["kind"] == "claim" and not json.loads(each["value"])["released"]
        } - self.ledgers.keys()
        (name, *_) = [each for each in names if each]
        if call.action.endswith("Claim"):
            scope = name.split("-")[1]
            if scope not in self.ledgers:
                return ""  # a lease itself
            lines = str(call.parameters.get("value", ""))
            lines = lines.replace("\\", "")
            of_takeover = any(f'"kind":"{kind}"' in lines for kind in OF_TAKEOVERS)
            needed = {self.ledgers[scope]} if of_takeover else held
        else:
            needed = {name.rpartition("-")[2]}
        return "" if needed & held else f"{call.action} {name} {call.parameters.get('value', '')}"


@contextmanager
def watched():
    with begun(shop_has_a_point) as cloud, pytest.MonkeyPatch.context() as monkeypatch:
        writes, waits = Writes(cloud), Waits(monkeypatch)
        with wrap_calls("fake", writes.perform):
            yield cloud, writes
        assert writes.count
        assert writes.without_lease == []
        by_others = "shop/recovery for shop/recovery+entry"  # in truth, another process approves
        assert [each for each in waits.forgotten if each != by_others] == []


def test_takeovers_and_abandons():
    with watched() as (cloud, _):
        stuck()
        abandon(recovery(), HOW)
        assert failover(recovery(), PLANNED).result == "passed"
        assert replicate(recovery(), now=True, run_options=ONE).succeeded
        assert failback(recovery(), PLANNED).result == "passed"
        stuck()
        write(cloud, RECOVERY, "orders")
        assert failover(recovery(), HOW).result == "passed"


def test_a_double_life_and_its_end():
    with watched() as (cloud, _):
        assert failover(recovery(), LOST).result == "passed"
        passed_later(cloud, 3600)
        fence(recovery(), run_options=ONE)
        assert failback(recovery(), HOW).result == "passed"


def test_a_takeover_that_died_before_it_stopped_the_source():
    with watched():
        dies_after("fencing", options=PLANNED)
        assert failover(recovery(), PLANNED).result == "passed"


def test_approvals():
    step = Action("call the bank", manual=True, limit="1h")
    about = recovery(approve=["failover"], actions=[step])

    def say(line):
        if line.startswith("waiting for manual step"):
            approve(about, step.name)

    with watched(), pytest.MonkeyPatch.context() as monkeypatch:
        with monkeypatch.context() as person:
            person.setenv("LOGNAME", "grace")  # a second person
            approve(about, "failover")
        assert failover(about, HOW, say=say).result == "passed"


def test_a_drill_that_died_is_swept():
    with watched():
        with pytest.raises(Crash), inject_faults("fake", Faults(at="AttachVolume", mishap="dies before")):
            drill(recovery(), run_options=ONE)
        assert [each.fate for each in sweep(recovery(), run_options=ONE)] == ["removed"]


def test_drills_replications_and_sweeps():
    with watched() as (cloud, _):
        assert drill(recovery(), run_options=ONE).result == "passed"
        passed_later(cloud, 30 * 86400)
        for _ in range(8):
            assert replicate(recovery(), now=True, run_options=ONE).succeeded
        sweep(recovery(), run_options=ONE)


def test_a_standby_and_its_refresh():
    about = recovery(standby="running")
    with watched():
        workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[about]), seed=0)
        assert refresh(about, HOW).result == "passed"
