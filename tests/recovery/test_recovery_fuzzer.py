"""Whatever operators, crashes and wrong clocks do to a recovery, no law breaks and no printed claim is false.

`recovery_fuzzer` has the laws. `test_recovery_laws` shows that each finds a fault; here the product has one.
"""

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
    yield request.param
    plugin.cloud = None


@pytest.mark.slow
def test_no_history_breaks_a_law_and_each_law_is_checked_often(seeds, capsys):
    counts = LawCounts(LAWS)
    for seed in seeds:
        FuzzedRecovery(seed, counts).run(STEPS)
    with capsys.disabled():
        print(f"\n{counts}")
    assert counts.list_rare() == [], f"laws that were checked in less than half of their chances:\n{counts}"


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
