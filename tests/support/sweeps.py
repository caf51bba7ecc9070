"""Crashes at the calls of a recovery's verb, and what is in the cloud's own books afterwards."""

import pytest
from worlds import ONE

from portinfra.errors import PolicyError
from portinfra.recovery.options import FailoverOptions
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.conformance.suite.crashes import DEATHS
from portinfra.testing.conformance.sweep import Crashes
from portinfra.testing.fake import SHAPES, plugin
from portinfra.testing.faults import MISHAPS


def strides(sample, quick=None):
    """Return a fixture `stride`: a sweep tries the crashes of every write in the soak, of one write in
    `sample` in a full run, and of one in `quick` (None: the same) in a quick run.
    """

    @pytest.fixture(
        params=[
            pytest.param(1, marks=pytest.mark.soak, id="every write"),
            pytest.param(sample, marks=pytest.mark.sampled, id="a sample"),
        ]
    )
    def stride(request):
        quicker = quick if request.config.option.quick and request.param == sample else None
        return quicker or request.param

    return stride


def one_in_quick(*names):
    """Return parameters of a fixture or a test: a quick run takes the first of them only."""
    return [names[0], *(_marked(name, pytest.mark.slow) for name in names[1:])]


def one_by_day(*names):
    """Return parameters of a fixture: only the soak takes more than the first of them."""
    return [names[0], *(_marked(name, pytest.mark.soak) for name in names[1:])]


def _marked(value, mark):
    """Return one value, or one tuple of values, with a mark."""
    return pytest.param(*(value if isinstance(value, tuple) else [value]), marks=mark)


def deaths_by_day(stride):
    """Return the forms of crashes for a costly sweep: only the soak tries lost answers, too."""
    return MISHAPS if stride == 1 else DEATHS


def ground_truth(environment, *kinds):
    """What there is in an account, once everything that takes time has had it."""
    clock = plugin.cloud.clock
    clock.sleep_until(clock.now() + 4 * 3600)
    return sorted(
        (record["kind"], record["name"], record["state"])
        for record in plugin.cloud.ground_truth(environment.account)
        if record["kind"] in kinds or (not kinds and record["kind"] != "claim")
    )


def sweep_through(prepare, run, ends_well, stride, forked=lambda: None, forms=MISHAPS):
    """Crash at the calls of a run; how many copies went astray. In each of three shapes of the simulator, the
    sample begins at another write: together they try three times as many.
    """

    def under(hand):
        with wrap_calls("fake", hand):
            run()

    first = list(SHAPES).index(plugin.cloud.shape.name) * stride // 3
    crashes = Crashes(prepare, under, ends_well, forked=forked, stride=stride, first=first, forms=forms)
    copies = crashes.sweep()
    print(f"{copies} copies")
    assert copies


def once_more(turn, about, done):
    """Run it again, unless it was done: then it says so."""
    refused = []
    try:
        turn(about, FailoverOptions(run_options=ONE))
    except PolicyError as error:
        refused = [finding.rule for finding in error.findings]
    assert refused in ([], [done])
