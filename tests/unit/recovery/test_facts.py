"""The facts of an end, from its lease, its ledger and its hosts."""

import pytest
from turning import HOW, LOST, dies_after, lost, stuck
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery

from portinfra.model.lease import Holder, Lease
from portinfra.recovery.ledger.entries import Unreadable
from portinfra.recovery.ledger.ledger import Contents, Entry
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import facts_of, read_facts
from portinfra.recovery.situation.situation import Authority
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.testing.simulation import apply_and_check, simulate

BEGUN = {"kind": "failover", "id": "64", "occasion": "failover", "epoch": 100, "began": 100.0, "open": True}
NOTHING = Contents((), ())


def lease(**said):
    return Lease(1, Holder("ada", "laptop", "m", "1:1:a"), **said)


def contents(*said, unreadable=()):
    entries = [Entry(number, each) for number, each in enumerate(said, 1)]
    return Contents(tuple(entries), tuple(unreadable))


@pytest.mark.parametrize(
    ("said", "authority"),
    [
        ({}, None),
        ({"epoch": 7}, Authority(7, "target")),
        ({"epoch": 7, "fenced": True}, Authority(7, "source")),
    ],
)
def test_a_lease_says_which_end_is_active(said, authority):
    assert facts_of("target", lease(**said), NOTHING, None).authority == authority


@pytest.mark.parametrize(
    ("more", "phase", "authority"),
    [
        ({}, "begun", Authority(100, "target")),
        ({"points": "6a"}, "restoring", Authority(100, "target")),
        ({"abandoned": 110}, "abandoning", Authority(110, "source")),
        ({"open": False}, "closed", Authority(100, "target")),
    ],
)
def test_an_entry_says_how_far_a_takeover_is(more, phase, authority):
    found = facts_of("target", None, contents({**BEGUN, **more}), None).takeover
    assert (found.phase, found.authority) == (phase, authority)


def test_the_last_takeover_that_was_completed_made_an_end_active():
    stood = {"kind": "stood", "id": "alone-6e"}
    assert facts_of("source", None, contents({**BEGUN, "open": False}), None).activated.epoch == 100
    assert facts_of("source", None, contents({**BEGUN, "open": False}, stood), None).activated.epoch == 110
    assert (
        facts_of("source", None, contents({**BEGUN, "abandoned": 120, "open": False}), None).activated is None
    )


def test_an_entry_of_a_takeover_that_cannot_be_read_is_damaged_until_a_later_one_is_complete():
    damaged = Unreadable(2, "failover", "epoch is missing")
    assert facts_of("target", None, contents(unreadable=[damaged]), None).damaged == (damaged,)
    later = Contents((Entry(3, {"kind": "stood", "id": "64"}),), (damaged,))
    assert facts_of("target", None, later, None).damaged == ()


@pytest.fixture
def ready():
    with simulate() as cloud:
        apply_and_check(SHOP, PRODUCTION)
        assert replicate(recovery(), run_options=ONE).succeeded
        yield cloud


def test_the_situation_follows_a_failover_and_the_way_back(ready):
    seen = []

    def look():
        now = read_facts(recovery())
        seen.append((now.active, now.phase, now.fenced, now.holder))

    look()
    dies_after("fencing")
    look()
    stuck()
    look()
    failover(recovery(), HOW)
    look()
    failback(recovery(), HOW)
    look()
    assert seen == [
        ("source", "active", True, "source"),
        ("target", "taking over", False, "source"),
        ("target", "taking over", True, "source"),
        ("target", "active", True, "target"),
        ("source", "active", True, "source"),
    ]


def test_no_call_is_made_to_an_end_that_is_lost(ready):
    with lost(PRODUCTION):
        now = read_facts(recovery(), lost="source")
    assert (now.silent, now.active, now.phase) == (("source",), "source", "undecided")


def test_an_end_that_does_not_answer_is_a_fact(ready):
    with lost(RECOVERY, untouched=False):
        now = read_facts(recovery())
    assert (now.silent, now.phase, now.fenced) == (("target",), "active", None)


def test_an_end_that_came_back_is_not_fenced(ready):
    failover(recovery(), LOST)
    now = read_facts(recovery())
    assert (now.active, now.phase, now.fenced) == ("target", "active", False)
