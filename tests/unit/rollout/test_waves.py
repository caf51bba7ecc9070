"""Waves and gates, composed without recovery: plain values and functions."""

import threading
from contextlib import contextmanager

import pytest

from portinfra import Environment, Role, Topology, place
from portinfra.execution import questions
from portinfra.execution.connection import Connection
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.waves import Rollout, Wave
from portinfra.testing.simulation import simulate

SHOP = Topology("shop", [Role("db", count=1), Role("web", count=2)])
DB, WEB = Wave(("db",), (), "1m", 60), Wave(("web",), (), "1m", 60)


@contextmanager
def begun(quiet=False):
    """A rollout in an environment of the simulator, with the clock of its provider."""
    there = place(SHOP, Environment("release", on="fake:us-east-1"))
    with simulate(), Connection.to(there.environment) as here, here.start_run(there.scope) as run:
        context = RolloutContext(here, run, here.catalogue(), there, lambda progress: None, quiet)
        yield Rollout(context, "release"), here.provider.clock


@pytest.fixture
def rollout():
    with begun() as (one, _):
        yield one


def comes_up(number):
    return ""


def goes_on(wave):
    return True


def test_each_wave_comes_up_once_the_one_before_has_passed(rollout):
    steps = []
    assert rollout.run(
        [DB, WEB],
        lambda number: steps.append(f"apply {number}") or "",
        lambda wave: steps.append(f"after {wave.names[0]}") or True,
    )
    assert steps == ["apply 1", "after db", "apply 2", "after web"]
    assert [(ran.roles, ran.hosts, ran.passed) for ran in rollout.waves] == [
        (("db",), 1, True),
        (("web",), 2, True),
    ]
    assert rollout.reasons == []


def test_a_gate_is_tried_until_it_passes_and_reads_why_this_happens(rollout):
    answers, occasions = iter([False, False, True]), set()

    def ready(inventory):
        """It is ready."""
        occasions.add(inventory["occasion"])
        return next(answers)

    assert rollout.run([Wave(("db",), (ready,), "1m", 60)], comes_up, goes_on)
    (check,) = rollout.waves[0].checks
    assert (check.name, check.passed, check.tries) == ("It is ready.", True, 3)
    assert occasions == {"release"}


def test_a_gate_that_does_not_pass_in_time_ends_the_rollout(rollout):
    assert not rollout.run([Wave(("db",), (lambda inventory: False,), "1m", 60), WEB], comes_up, goes_on)
    assert len(rollout.waves) == 1
    assert rollout.reasons == ["wave 1: gate '<lambda>' was not passed within 1m"]


def test_a_gate_that_fails_says_once_how_long_it_waits_at_most(rollout):
    said = []
    rollout.say = said.append
    rollout.run([Wave(("db",), (lambda inventory: False,), "1m", 60)], comes_up, goes_on)
    assert said == ["wave 1: db", "gate '<lambda>': not passed yet, waiting for 1 min at most"]


def test_a_wave_that_does_not_come_up_ends_the_rollout_before_its_gates(rollout):
    gate = Wave(("db",), ("true",), "1m", 60)
    assert not rollout.run([gate, WEB], lambda number: "no capacity", goes_on)
    assert rollout.waves[0].checks == ()
    assert rollout.reasons == ["wave 1: no capacity"]


def test_what_follows_a_wave_ends_the_rollout_where_it_fails(rollout):
    assert not rollout.run([DB, WEB], comes_up, lambda wave: False)
    assert [ran.roles for ran in rollout.waves] == [("db",)]


def test_a_wave_that_is_late_is_a_reason_and_the_rollout_goes_on():
    with begun() as (rollout, clock):

        def slow(number):
            clock.sleep_until(clock.now() + 90)
            return ""

        assert rollout.run([DB, WEB], slow, goes_on)
    assert rollout.reasons == ["wave 1: it took 1 min 30 s of 1m", "wave 2: it took 1 min 30 s of 1m"]
    assert all(ran.passed for ran in rollout.waves)


@pytest.mark.parametrize(("quiet", "told"), [(False, "pong"), (True, "")])
def test_a_hook_that_is_called_once_is_quoted_unless_the_data_is_sensitive(quiet, told):
    with begun(quiet) as (rollout, _):
        checked = rollout.call("it answers", lambda inventory: "pong")
    assert (checked.name, checked.passed, checked.told) == ("it answers", True, told)


def test_a_gate_that_does_not_return_fails_its_wave_and_is_not_called_again(monkeypatch):
    end, calls = threading.Event(), []
    monkeypatch.setattr(questions, "FUNCTION_SECONDS_MIN", 0.01)

    def hangs(inventory):
        """Wait for a leader."""
        calls.append(1)
        end.wait(60)

    with begun() as (rollout, _):
        wave = Wave(("db",), (hangs,), "1s", 1)
        assert not rollout.run([wave], comes_up, goes_on)
        end.set()
    assert calls == [1]
    assert rollout.reasons == ["wave 1: gate 'Wait for a leader.' was not passed within 1s"]
    assert rollout.waves[0].checks[0].told == "no answer after 1 s"
