"""Whatever operators, crashes and wrong clocks do to a recovery, no law breaks and no printed claim is false.

`recovery_fuzzer` has the laws. `test_recovery_laws` shows that each finds a fault; here the product has one.
"""

import re
from tempfile import gettempdir

import pytest
from law_counts import LawCounts
from recovery_fuzzer import FuzzedRecovery
from recovery_laws import LAWS, LawBroken
from sentences import FalseSentence

from portinfra.recovery.takeover import begin, fencing
from portinfra.testing.fake import plugin

STEPS = 60


@pytest.fixture(
    params=[range(5), pytest.param(range(5, 205), marks=pytest.mark.soak)], ids=["five", "two hundred"]
)
def seeds(request):
    return request.param


@pytest.fixture(autouse=True)
def no_cloud_afterwards():
    yield
    plugin.cloud = None


@pytest.mark.slow
def test_no_history_breaks_a_law_and_each_law_is_checked_often(seeds, capsys):
    counts, failures = LawCounts(LAWS), []
    for seed in seeds:
        try:
            FuzzedRecovery(seed, counts).run(STEPS)
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(seeds)} histories fail", failures)
    with capsys.disabled():
        print(f"\n{counts}")
    assert counts.list_rare() == [], f"laws that were checked in less than half of their chances:\n{counts}"


def drill_and_break_a_law(history):
    history.command("dr", "drill")
    history.fail("no internal error")


def without_home(text):
    """Return a text without the folder of its run, whose name is random."""
    return re.sub(rf"{gettempdir()}/\w+", "", text)


@pytest.mark.slow
def test_a_failure_names_its_seed_and_the_command_that_repeats_it(monkeypatch):
    monkeypatch.setattr(FuzzedRecovery, "happenings", [drill_and_break_a_law])
    with pytest.raises(LawBroken) as first:
        FuzzedRecovery(7).run(3)
    (note,) = first.value.__notes__
    assert "seed 7" in note
    with pytest.raises(LawBroken) as again:
        exec(re.search('-c "(.*)"$', note)[1], {})
    assert without_home(str(again.value)) == without_home(str(first.value))


FAULTS = {
    "a takeover keeps nothing of what it replaces": (begin, "is_replaceable", lambda now, end: True),
    "a fence stops no host": (fencing, "switch", lambda *given: 0),
}
"""Faults of the product that no history may pass over."""
FIRST = {"a takeover keeps nothing of what it replaces": 2, "a fence stops no host": 0}
"""The first history that finds a fault: the others are tried after it."""


def run_until_found(first):
    for seed in (first, *range(20)):
        FuzzedRecovery(seed).run(STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault, monkeypatch):
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises((LawBroken, FalseSentence)):
        run_until_found(FIRST[fault])
