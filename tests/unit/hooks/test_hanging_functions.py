"""A Python function that answers a question has a limit, as a command has: Python cannot stop it."""

import sys
import threading

import pytest

from portinfra import Role, Topology, apply, plan
from portinfra.errors import ApplyError
from portinfra.execution import questions
from portinfra.execution.questions import ask
from portinfra.hooks import calls
from portinfra.testing.simulation import SOMEWHERE, simulate


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A function has a moment in place of a minute."""
    monkeypatch.setattr(questions, "FUNCTION_SECONDS_MIN", 0.01)


@pytest.fixture
def hang():
    """A function that returns when the test ends."""
    end = threading.Event()

    def hangs(inventory):
        """Wait for the load balancer."""
        print("asking")
        end.wait(60)

    yield hangs
    end.set()


def test_a_function_that_does_not_return_is_left_after_its_limit(hang):
    output = sys.stdout
    answer = ask(hang, {}, seconds=0.01)
    assert (answer.passed, answer.hangs) == (False, True)
    assert answer.told == "asking\nno answer after 0 s"
    assert sys.stdout is output


def test_a_run_that_ends_does_not_wait_for_it(hang):
    assert ask(hang, {}, seconds=3600, stopped=lambda: True).hangs


@pytest.mark.parametrize("error", [ValueError("port 8443 is closed"), SystemExit("port 8443 is closed")])
def test_what_a_function_raises_is_its_answer_with_the_line(error):
    def check(inventory):
        raise error

    for answer in (ask(check, {}, seconds=10), calls.call(check, {}, seconds=10)):
        assert not answer.passed
        assert answer.told.startswith(f"{type(error).__name__}: port 8443 is closed (test_hanging_functions")


def test_what_is_no_error_of_the_function_passes_through():
    class Crash(BaseException):
        pass

    def dies(inventory):
        raise Crash

    with pytest.raises(Crash):
        ask(dies, {}, seconds=10)


def test_a_host_whose_function_hangs_is_not_ready_after_its_limit(hang):
    role = Role("web", count=1, ready=hang, ready_limit="1s")
    with simulate(), pytest.raises(ApplyError) as failed:
        apply(plan(Topology("shop", [role]), SOMEWHERE))
    (cause,) = failed.value.outcome.causes
    assert "was not ready within 1s" in str(cause.error)
    assert "'Wait for the load balancer.' has not returned, and still runs" in str(cause.error)
    assert "Python cannot stop a function" in cause.error.fix
    assert role.location.file in cause.error.fix


def test_another_function_is_asked_once_the_first_one_is_left(hang):
    web = Role("web", count=1, ready=hang, ready_limit="1s")
    db = Role("db", count=1, ready=lambda inventory: True)
    with simulate(), pytest.raises(ApplyError) as failed:
        apply(plan(Topology("shop", [web, db]), SOMEWHERE))
    failed_hosts = [step.step.address for step in failed.value.outcome.steps if step.fate == "failed"]
    assert failed_hosts == ["instance.web1"]
