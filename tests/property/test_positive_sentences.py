"""No positive sentence is false: each is compared with the simulator's own records, over random histories.

A positive sentence says that all is well: `render/console/assurances.py` has them all, by name.
"""

import pytest
from sentences import ORACLES, FalseSentence, History

from portinfra.model.plan import Plan
from portinfra.render.console import assurances
from portinfra.render.console.assurances import ASSURANCES
from portinfra.testing.fake import plugin

STEPS = 8


@pytest.fixture(params=[range(30), pytest.param(range(30, 2030), marks=pytest.mark.soak)], ids=["30", "2000"])
def seeds(request):
    return request.param


@pytest.fixture(autouse=True)
def no_cloud_afterwards():
    yield
    plugin.cloud = None


def run_histories(seeds):
    """Return the names of the sentences that were printed. Raises FalseSentence."""
    printed = set()
    for seed in seeds:
        history = History(seed)
        history.run(STEPS)
        printed |= history.printed
    return printed


def test_each_sentence_has_an_oracle():
    assert ORACLES.keys() == ASSURANCES.keys()


@pytest.mark.slow
def test_no_sentence_is_false_and_each_is_printed(seeds):
    assert run_histories(seeds) == ASSURANCES.keys(), "a sentence that was never printed was never tested"


CONDITIONS = {
    "something differs": (Plan, "differs", False),
    "the environment is fenced": (assurances, "_is_fenced", lambda plan: False),
    "hosts of a fenced environment are missing": (assurances, "_hosts_missing", lambda plan: []),
    "data is kept": (assurances, "_data_kept", lambda plan: []),
    "a zone was not read": (assurances, "_not_read", lambda plan: ""),
    "hosts were born with something else": (assurances, "_born_otherwise", lambda plan: []),
    "hosts are in other zones": (assurances, "_other_zones", lambda plan: []),
    "the options select roles": (assurances, "_what", lambda plan: str(plan.scope)),
}
"""Each condition of a positive sentence, and what turns it off."""


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_that_is_turned_off_makes_a_false_sentence_that_is_found(condition, monkeypatch):
    monkeypatch.setattr(*CONDITIONS[condition])
    with pytest.raises(FalseSentence):
        run_histories(range(200))
