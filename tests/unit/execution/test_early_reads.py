"""What a read right after a write proves, law by law."""

import pytest
from attrs import evolve
from fake_bed import FakeBed
from hypothesis import assume, given
from hypothesis import strategies as st
from toy import DRIVERS, ToyDriver

from portinfra import Role, Topology, apply, errors, place, plan
from portinfra.execution.connection import Connection
from portinfra.execution.early_reads import EARLY_SECONDS, Evidence, proves_result
from portinfra.execution.options import RunOptions
from portinfra.execution.task import Task
from portinfra.model.address import Scope
from portinfra.model.change import Step
from portinfra.model.observed import Fault, Observed
from portinfra.model.resources import Volume
from portinfra.provider.batches import calls_of
from portinfra.provider.interface import Call, Refs
from portinfra.recovery.takeover.fencing import switch
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import SHAPES, plugin

WANT = Volume("data", gib=20, zone="a", tags={"team": "shop"})
STEP = Step("converge", WANT.address)


def seen(spec=WANT, id="vol-1", **more):
    return Observed(spec.address, spec, {"id": id}, **more)


def step_with(*left, want=WANT, now=None, **given):
    """A step whose accepted calls left these states, the oldest first."""
    known = {} if now is None else {WANT.address: now}
    refs = Refs(Scope("shop", "production"), "attempt", known)
    return Task(STEP, want, WANT, DRIVERS[Volume], refs, 0, left=list(left), **given)


SMALL = seen(evolve(WANT, gib=10))


def test_the_result_proves_itself():
    assert proves_result(step_with(SMALL, now=seen()), seen())


@pytest.mark.parametrize(
    ("task", "found"),
    [
        pytest.param(step_with(SMALL, now=seen()), None, id="absence"),
        pytest.param(step_with(SMALL, now=seen()), SMALL, id="what would cause another write"),
        pytest.param(step_with(SMALL, want=None), None, id="absence after a deletion"),
        pytest.param(step_with(SMALL, now=seen(), doubtful=True), seen(), id="after a lost call"),
        pytest.param(step_with(None, now=seen(id="vol-2")), seen(id="vol-1"), id="an earlier resource"),
        pytest.param(step_with(SMALL, now=seen()), seen(extras=({"id": "vol-3"},)), id="a double"),
        pytest.param(
            step_with(SMALL, now=seen()),
            seen(fault=Fault(errors.NoCapacity, "no machine is left")),
            id="a fault, perhaps of before",
        ),
    ],
)
def test_nothing_else_does(task, found):
    assert not proves_result(task, found)


class Unfinished(ToyDriver):
    """Its volumes always need another call for one of their parts."""

    def next_call(self, want, seen, refs):
        return Call("Finish", address=want.address, after=seen)


def test_of_what_one_call_created_no_older_state_exists():
    """So what it still needs may be called for at once, if what it refers to is shown too."""
    task = step_with(None, now=seen())
    task.driver = Unfinished(Volume)
    assert proves_result(task, seen())
    assert not proves_result(task, SMALL)
    task.left.append(seen())  # a second call: a list may show the state before it
    assert not proves_result(task, seen())


sizes = st.integers(1, 3)
owners = st.sampled_from(["shop", "bank"])


@given(st.lists(st.tuples(sizes, owners), min_size=1, max_size=4), st.tuples(sizes, owners), st.data())
def test_no_mixture_of_older_states_counts(history, goal, data):
    """A list may show each attribute as it was before another write of the step: A → B → A proves nothing."""
    assume(history[-1] != goal)
    states = [seen(volume(*each)) for each in history]
    gib = data.draw(st.sampled_from([gib for gib, _ in history]))
    owner = data.draw(st.sampled_from([owner for _, owner in history]))
    task = step_with(*states, want=volume(*goal), now=seen(volume(*goal)))
    assert not proves_result(task, seen(volume(gib, owner)))


def volume(gib, owner):
    return evolve(WANT, gib=gib, tags={"team": owner})


def test_a_verification_begins_two_seconds_after_the_last_write():
    evidence = Evidence(100.0, 100.0)
    assert evidence.verification_moments(15.0) == [100.0 + early for early in EARLY_SECONDS] + [115.0]
    evidence.last_news = 110.0  # until then, something became ready by itself
    assert evidence.verification_moments(15.0)[-2:] == [115.0, 125.0]
    assert Evidence(100.0, 100.0).verification_moments(0.0) == [100.0]


def test_a_deletion_and_a_lost_call_are_verified_late():
    deleted, lost, refused, joined = (Evidence(0.0, 0.0) for _ in range(4))
    deleted.note_write(100.0, deletes=True)
    lost.note_error(100.0, errors.OutcomeUnknown("the connection broke"))
    refused.note_error(100.0, errors.NotFound("the network is not known yet"))
    joined.note_error(100.0, errors.Conflict("one of them is protected"), joined=True)
    for late in (deleted, lost, joined):
        assert late.verification_moments(15.0) == [115.0]
    assert refused.verification_moments(15.0)[0] == 100.0 + EARLY_SECONDS[0]


def test_after_a_refused_request_for_several_hosts_no_early_read_verifies(tmp_path, monkeypatch):
    """It had an effect on the first of them before the cloud refused it."""
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    bed, refused, evidences = FakeBed("aws"), [], []
    bed.shape = evolve(bed.shape, rates=SHAPES["aws"].rates)  # calls that wait for a rate are joined
    bed.reset()
    topology = Topology("shop", roles=[Role("web", count=12)])
    apply(plan(topology, bed.environment), seed=0)
    moments = Evidence.verification_moments

    def note(evidence, visibility_seconds):
        evidences.append(evidence)
        return moments(evidence, visibility_seconds)

    def perform(provider, call):
        if len(calls_of(call)) > 1 and not refused:
            refused.append(call)
            provider.perform(calls_of(call)[0])
            raise errors.Conflict("one of them is protected")
        return provider.perform(call)

    monkeypatch.setattr(Evidence, "verification_moments", note)
    placed = place(topology, bed.environment)
    with (
        wrap_calls("fake", perform),
        Connection.to(bed.environment, topology) as here,
        here.start_run(placed.scope, RunOptions(seed=0)) as run,
    ):
        switch(run, placed, here.catalogue(), "stopped", lambda progress: None)
    plugin.cloud = None
    assert refused
    assert [evidence.proves_early for evidence in evidences] == [False]
