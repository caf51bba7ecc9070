"""Law: the level of a status follows its exit code. A status is `ok` exactly where monitors read 0."""

import io
from itertools import product

import pytest
from attrs import evolve
from rich.console import Console

from portinfra.model.address import Address
from portinfra.model.finding import Finding, Severity
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.watch.recovery_status import DRILL_LATE, RecoveryStatus, VolumeStatus
from portinfra.render.console.recovery import show_status

LATE_DRILL = Finding(DRILL_LATE, "a drill is due", severity=Severity.WARNING)
ERROR = Finding("recovery/silent-zone", "a zone does not answer")
READINESS = [None, (), (LATE_DRILL,), (ERROR,), (LATE_DRILL, ERROR)]


def status_of(level, readiness, silent):
    volume = VolumeStatus(Address("volume.db1-data"), "db", level)
    return RecoveryStatus("shop", 3600, (volume,), (), readiness=readiness, silent=silent)


@pytest.mark.parametrize("silent", [(), ("production",)], ids=["answers", "silent"])
@pytest.mark.parametrize("level", ["ok", "late", "lost"])
def test_the_level_follows_the_exit_code(level, silent):
    for readiness in READINESS:
        found = status_of(level, readiness, silent)
        assert {0: "ok", 1: "late", 2: "lost", 3: "late"}[found.exit_code] == found.level


def test_the_exit_code_is_the_worst_in_the_order_that_monitors_expect():
    worst = {"ok": 0, "late": 1, "lost": 2}
    for level, readiness, silent in product(worst, READINESS, [(), ("production",)]):
        found = readiness or ()
        codes = [worst[level], *(3 for _ in silent)]
        codes += [1 if each is LATE_DRILL else 2 for each in found]
        assert status_of(level, readiness, silent).exit_code == max(codes, key=(0, 1, 3, 2).index)


def page(found):
    out = io.StringIO()
    show_status(found, Console(file=out, width=1000))
    return out.getvalue()


def first_line(found):
    return next(line for line in page(found).splitlines() if line.startswith("shop: "))


def test_a_level_that_is_worse_than_the_data_has_a_printed_reason():
    for level, readiness, silent, untold in product(
        ("ok", "late", "lost"), READINESS, [(), ("production",)], [False, True]
    ):
        found = evolve(status_of(level, readiness, silent), untold=untold)
        assert found.level == level or found.reasons
        for reason in found.reasons:
            assert reason in first_line(found)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({}, "shop: ok."),
        ({"readiness": (ERROR,)}, "shop: lost: a takeover would be refused now."),
        ({"readiness": (ERROR,), "silent": ("production",)}, "shop: lost: a takeover would be refused now."),
        ({"silent": ("production",)}, "shop: late: production does not answer."),
        ({"readiness": (LATE_DRILL,), "untold": True}, "shop: late: hosts of both environments may run; "),
    ],
    ids=["fresh", "refused", "refused and silent", "silent", "two reasons"],
)
def test_a_status_with_fresh_data_says_what_leads_to_its_level(said, line):
    assert first_line(evolve(status_of("ok", None, ()), **said)).startswith(line)


FAILOVER = TakeoverEntry("20260101T000000Z", "failover", 1, began=0.0)
ABANDONED = evolve(FAILOVER, abandoned=2)
WAIT = "Wait until production answers; or, if production is lost: portinfra dr failover --lost production."
CAUSES = [
    ({"turn": FAILOVER}, "a failover is not finished"),
    ({"turn": ABANDONED}, "a failover is being abandoned"),
    ({"untold": True}, "hosts of both environments may run"),
    ({"next_step": WAIT}, "a command has to be run next"),
    ({"silent": ("production",)}, "production does not answer"),
    ({"silent": ("production",), "next_step": WAIT}, "production does not answer"),
    ({"readiness": (LATE_DRILL,)}, "a drill is due"),
]


@pytest.mark.parametrize(("said", "cause"), CAUSES)
@pytest.mark.parametrize("level", ["ok", "late", "lost"])
def test_a_worse_level_hides_no_cause(level, said, cause):
    found = evolve(status_of(level, None, ()), **said)
    assert found.reasons == (cause,)
    assert cause in first_line(found)


def test_the_causes_of_the_level_come_first_and_the_others_do_not_explain_it():
    found = evolve(status_of("ok", (ERROR,), ("production",)), untold=True)
    assert found.reasons == (
        "a takeover would be refused now",
        "production does not answer",
        "hosts of both environments may run",
    )
    line = first_line(found)
    assert line.startswith("shop: lost: a takeover would be refused now.")
    assert line.endswith("Also: production does not answer; hosts of both environments may run.")
    old = first_line(evolve(status_of("lost", None, ()), turn=FAILOVER))
    assert old.startswith("shop: lost. ")
    assert old.endswith("Also: a failover is not finished.")


@pytest.mark.parametrize("silent", [(), ("production",)], ids=["answers", "silent"])
@pytest.mark.parametrize("turn", [None, FAILOVER, ABANDONED], ids=["active", "under way", "abandoned"])
def test_the_page_has_the_next_command_wherever_one_is_right(silent, turn):
    found = evolve(status_of("ok", None, silent), next_step=WAIT, turn=turn)
    assert WAIT in page(found)


def test_a_takeover_that_is_being_abandoned_does_not_wait_for_its_manual_step():
    waits = evolve(ABANDONED, waits="call the bank")
    found = evolve(status_of("ok", None, ()), next_step="Finish that: portinfra dr abandon.", turn=waits)
    assert "A failover is being abandoned. Finish that: portinfra dr abandon." in page(found)
    assert "call the bank" not in page(found)
