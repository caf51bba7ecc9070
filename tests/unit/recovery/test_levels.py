"""Law: the level of a status follows its exit code. A status is `ok` exactly where monitors read 0."""

import io
from itertools import product

import pytest
from attrs import evolve
from rich.console import Console

from portinfra.model.address import Address
from portinfra.model.finding import Finding, Severity
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


def first_line(found):
    out = io.StringIO()
    show_status(found, Console(file=out, width=1000))
    return next(line for line in out.getvalue().splitlines() if line.startswith("shop: "))


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
