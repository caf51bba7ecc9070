"""No positive sentence is false: each is compared with the simulator's own records, over random histories.

A positive sentence says that all is well: `assurances.py` and `recovery_assurances.py` in `render/console/`
have them all, by name.
"""

import pytest
import recovery_sentences
import sentences
from attrs import evolve
from recovery_sentences import RecoveryHistory, StandbyHistory
from sentences import FalseSentence, History

from portinfra import dr
from portinfra.model.outcome import Cause
from portinfra.model.plan import Plan
from portinfra.render.console import assurances, findings, recovery
from portinfra.render.console.assurances import ASSURANCES
from portinfra.render.console.recovery_assurances import RECOVERY_ASSURANCES
from portinfra.testing.fake import plugin

STEPS = 8
EVERY = {*ASSURANCES, *RECOVERY_ASSURANCES}


@pytest.fixture(params=[range(20), pytest.param(range(20, 2020), marks=pytest.mark.soak)], ids=["20", "2000"])
def seeds(request):
    return request.param


@pytest.fixture(autouse=True)
def no_cloud_afterwards():
    yield
    plugin.cloud = None


def run_histories(seeds, kinds=(History, History, RecoveryHistory, StandbyHistory)):
    """Return the names of the sentences that were printed. Raises FalseSentence."""
    printed = set()
    for seed in seeds:
        history = kinds[seed % len(kinds)](seed)
        history.run(STEPS)
        printed |= history.printed
    return printed


def test_each_sentence_has_an_oracle():
    assert sentences.ORACLES.keys() == ASSURANCES.keys()
    assert recovery_sentences.ORACLES.keys() == RECOVERY_ASSURANCES.keys()
    assert not ASSURANCES.keys() & RECOVERY_ASSURANCES.keys()


@pytest.mark.slow
def test_no_sentence_is_false_and_each_is_printed(seeds):
    assert run_histories(seeds) == EVERY, "a sentence that was never printed was never tested"


CONDITIONS = {
    "something differs": (Plan, "differs", False),
    "the environment is fenced": (assurances, "_is_fenced", lambda plan: False),
    "hosts of a fenced environment are missing": (assurances, "_hosts_missing", lambda plan: []),
    "data is kept": (assurances, "_data_kept", lambda plan: []),
    "a zone was not read": (assurances, "_not_read", lambda plan: ""),
    "hosts have other creation settings": (assurances, "_creation_settings_differ", lambda plan: []),
    "hosts are in other zones": (assurances, "_other_zones", lambda plan: []),
    "the options select roles": (assurances, "_what", lambda plan: str(plan.scope)),
    "a host was tried": (Cause, "untried_count", property(lambda cause: len(cause.steps))),
    "undeclared ways are listed": (findings, "_beyond", lambda some, others: []),
}
"""Each condition of a positive sentence, and what turns it off."""


def change_shown(function, change):
    """Return what lets a function show a changed value."""
    original = getattr(recovery, function)
    return recovery, function, lambda value, *others, **more: original(change(value), *others, **more)


def change_evidence(name, value):
    """Return what lets evidence be shown with another value, where it has one."""

    def change(evidence):
        return evidence if getattr(evidence, name) is None else evolve(evidence, **{name: value})

    return change_shown("show_evidence", change)


def change_volumes(**values):
    def change(found):
        return evolve(found, volumes=tuple(evolve(volume, **values) for volume in found.volumes))

    return change_shown("show_status", change)


def call_all_restorable(found):
    return evolve(found, points=tuple(evolve(point, restorable=True) for point in found.points))


def call_volumes_of_broken_groups_restorable(found):
    """A takeover restores nothing of a group whose points all lack a snapshot, so no volume of it has an age.

    A status once gave an age to the volumes whose snapshots exist.
    """
    newest = next(iter(found.points), None)
    volumes = (
        evolve(each, point=newest.id, age=newest.age) if each.verdict == "covered" else each
        for each in found.volumes
    )
    return evolve(found, volumes=tuple(volumes)) if newest else found


RECOVERY_CONDITIONS = {
    "data is late": change_volumes(level="ok"),
    "data has an age": change_volumes(age=0.0),
    "a group cannot be restored": change_shown("show_status", call_volumes_of_broken_groups_restorable),
    "a point lacks a snapshot": change_shown("show_status", call_all_restorable),
    "the target stands": change_shown("show_status", lambda found: evolve(found, active_since=0, turn=None)),
    "something did not pass": change_evidence("result", "passed"),
    "data that came back has an age": change_evidence("rpo_measured", 0.0),
    "a drill has left something": change_evidence("left_behind", 0),
    "the source was not stopped": change_evidence("source_fenced", True),
    "there is something to sweep": change_shown("show_swept", lambda found: []),
    "a fence stops hosts": (dr, "fence", lambda recovery, run_options: 3),
    "hosts run as a standby": change_shown("show_status", lambda found: evolve(found, standby_runs=True)),
}
"""The same for sentences about recovery."""

FIRST = {
    "something differs": 5,
    "the environment is fenced": 1,
    "hosts of a fenced environment are missing": 1,
    "a zone was not read": 28,
    "hosts are in other zones": 3,
    "the options select roles": 3,
    "undeclared ways are listed": 15,
    "data is late": 3,
    "data has an age": 1,
    "a group cannot be restored": 3,
    "a point lacks a snapshot": 3,
    "something did not pass": 2,
    "data that came back has an age": 1,
    "a drill has left something": 3,
    "the source was not stopped": 2,
    "there is something to sweep": 43,
}
"""The first history that finds a condition turned off, where it is not history 0: it is tried before all."""


def until_found(condition):
    return [FIRST.get(condition, 0), *range(200)]


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_that_is_turned_off_makes_a_false_sentence_that_is_found(condition, monkeypatch):
    monkeypatch.setattr(*CONDITIONS[condition])
    with pytest.raises(FalseSentence):
        run_histories(until_found(condition), [History])


@pytest.mark.slow
@pytest.mark.parametrize("condition", RECOVERY_CONDITIONS)
def test_a_condition_of_recovery_that_is_turned_off_makes_a_false_sentence_that_is_found(
    condition, monkeypatch
):
    monkeypatch.setattr(*RECOVERY_CONDITIONS[condition])
    with pytest.raises(FalseSentence):
        run_histories(until_found(condition), [RecoveryHistory])
