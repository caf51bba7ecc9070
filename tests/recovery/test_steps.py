"""A run that ends before any step is continued by the command that `dr status` names, in both directions."""

import pytest
from attrs import evolve
from begun import begun
from situation_worlds import TINY, Ended, ending_at, lose_takeover, tiny
from sweeps import one_in_quick
from turning import HOW, lost
from worlds import ONE, PRODUCTION, RECOVERY, write, written

from portinfra import plan
from portinfra.model.recovery import Wave
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import next_verbs
from portinfra.recovery.situation.refusals import next_step
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failover, takeover
from portinfra.recovery.watch.status import status
from portinfra.testing.simulation import apply_and_check

ABANDONS = [Step.ABANDON, Step.STOP, Step.RETURN, Step.CLOSE_ABANDONED]
TAKES_OVER = [step for step in Step if step not in ABANDONS]


def follow_status(about):
    """Run what `dr status` names, until nothing is under way; return how often."""
    for number in range(4):
        now = read_facts(about)
        if now.is_calm:
            return number
        verb, *_ = next_verbs(now)
        assert status(about).next_step == next_step(about, next_verbs(now))
        if verb.name == "takeover":
            assert takeover(about, verb.end, HOW).result == "passed"
        elif verb.name == "fence":
            fence(about, run_options=ONE)
        else:
            abandon(about, HOW)
    raise AssertionError("following dr status does not end")


def content(cloud, environment):
    return {text.partition(" of ")[0] for text in written(cloud, environment).values()}


def before_failover(cloud):
    apply_and_check(TINY, PRODUCTION)
    write(cloud, PRODUCTION, "old")
    assert replicate(tiny(), run_options=ONE).succeeded
    write(cloud, PRODUCTION, "new")


def before_failback(cloud):
    apply_and_check(TINY, PRODUCTION)
    write(cloud, PRODUCTION, "old")
    assert replicate(tiny(), run_options=ONE).succeeded
    assert failover(tiny(), HOW).result == "passed"
    write(cloud, RECOVERY, "new")


@pytest.fixture(params=one_in_quick("target", "source"))
def way(request):
    """A world, and the end that takes over in it."""
    with begun(before_failover if request.param == "target" else before_failback) as cloud:
        yield cloud, request.param


@pytest.mark.parametrize("step", one_in_quick(*TAKES_OVER), ids=lambda step: step.name)
def test_a_planned_takeover_that_ends_at_a_step_is_continued(way, step):
    cloud, to = way
    with pytest.raises(Ended):
        takeover(tiny(), to, ending_at(step, evolve(HOW, planned=True)))
    follow_status(tiny())
    now = read_facts(tiny())
    began = step is not Step.BEGIN
    assert now.active == (to if began else {"target": "source", "source": "target"}[to])
    assert content(cloud, PRODUCTION if now.active == "source" else RECOVERY) == {"new"}


@pytest.mark.slow
@pytest.mark.parametrize("garbled", [True, False], ids=["garbled", "deleted"])
@pytest.mark.parametrize("step", TAKES_OVER[TAKES_OVER.index(Step.AGREE) :], ids=lambda step: step.name)
def test_a_takeover_whose_entry_is_lost_as_it_ends_at_a_step_is_taken_over_again(way, step, garbled):
    """The lease says that its end is active before the end has its data: that alone is no proof."""
    cloud, to = way
    with pytest.raises(Ended):
        takeover(tiny(), to, ending_at(step, evolve(HOW, planned=True)))
    lose_takeover(to, garbled=garbled)
    begins, end = read_facts(tiny()), PRODUCTION if to == "source" else RECOVERY
    assert begins.open is (step is not Step.CLOSE)
    refused = [error.rule for error in plan(TINY, end, guards=[tiny()]).errors]
    assert bool(refused) is begins.open
    follow_status(tiny())
    assert read_facts(tiny()).active == to
    assert content(cloud, end) == {"new"}


@pytest.mark.parametrize("step", ABANDONS, ids=lambda step: step.name)
def test_an_abandon_that_ends_at_a_step_is_continued(way, step):
    cloud, to = way
    never = Wave(["db"], gates=lambda inventory: False, limit="10s")
    assert takeover(tiny(waves=[never]), to, HOW).result == "failed"
    with pytest.raises(Ended):
        abandon(tiny(), ending_at(step))
    if step is Step.ABANDON:  # nothing was decided yet
        abandon(tiny(), HOW)
    follow_status(tiny())
    now = read_facts(tiny())
    assert now.active != to
    assert content(cloud, PRODUCTION if now.active == "source" else RECOVERY) == {"new"}


def test_a_takeover_without_the_other_end_ends_and_both_come_back(way):
    _, to = way
    end = PRODUCTION if to == "target" else RECOVERY
    with lost(end), pytest.raises(Ended):
        takeover(tiny(), to, ending_at(Step.COMPLETE, evolve(HOW, lost=True)))
    follow_status(tiny())
    assert read_facts(tiny()).active == to
