"""SIGKILL in the middle of a request, to a client in a process of its own: again and again, to the end.

The sweep of the conformance suite crashes at every call, in this process. Here the processes, the sockets and
the signal are real, and leftovers are counted in the books of a server that lives on.
"""

import os
import random
import signal
from collections.abc import Sequence

import pytest

from emulator import in_process
from emulator.conformance_bed import GcpBed, ground_truth
from portinfra.testing.conformance import Bed
from portinfra.testing.conformance.stage import Stage
from portinfra.testing.emulator import EmulatorClock

TRIES_MAX = 60
"""Whoever is killed each time has moved on a little: this often is never."""


class Served(Bed):
    """A Compute Engine in another process."""

    environment = GcpBed.environment

    def __init__(self, remote):
        self.remote = remote
        self.clock = EmulatorClock(remote)

    def reset(self) -> None:
        self.remote.reset()

    def ground_truth(self) -> Sequence[str]:
        return ground_truth(self.remote)


@pytest.fixture(scope="module")
def server():
    with in_process() as remote:
        remote.bed.configure(live_clock=False, request_seconds=0.05, queue_seconds=0.5, pending_seconds=5.0)
        yield remote


@pytest.fixture
def stage(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_", "GCE_"))]:
        monkeypatch.delenv(name)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.bed.reset()
    yield Stage(Served(server.bed))
    report = server.bed.report()
    assert report["violations"] == []
    assert report["gaps"] == []


def killed_at(server, request, mishap, work):
    """Run the work in a process that the server kills at its so-manieth request; whether it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.read(reading, 1)
            work()
            status = 0
        finally:
            os._exit(status)
    server.bed.calm()
    server.bed.fault(mishap, at=request, pid=child)
    os.write(writing, b"!")
    _, status = os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    server.bed.calm()
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def kill_until_it_is_done(server, work, seed):
    """Run it until nobody kills it; how often that took."""
    dice = random.Random(seed)
    for tries in range(TRIES_MAX):
        mishap = dice.choice(["killed before", "killed after"])
        if not killed_at(server, dice.randrange(20, 60), mishap, work):
            return tries
    raise AssertionError("it never arrives")


def history(stage, run):
    """From nothing to one topology, to the other, to nothing; the books after each."""
    told = []
    for work in (
        lambda: stage.bring(stage.bed.before),
        lambda: stage.bring(stage.bed.after),
        lambda: stage.remove(stage.bed.after),
    ):
        run(work)
        told.append(stage.ground_truth())
    return told


@pytest.mark.parametrize(
    "seeds", [(1,), pytest.param(range(2, 30), marks=pytest.mark.soak)], ids=["once", "many times"]
)
def test_whoever_is_killed_again_and_again_arrives_in_the_same_world(server, stage, seeds):
    expected = history(stage, lambda work: work())
    assert expected[-1] == []
    for seed in seeds:
        server.bed.reset()
        found, kills = killed_all_along(server, stage, seed)
        assert found == expected
        assert kills > 5
        assert list(stage.bed.ground_truth()) == []


def killed_all_along(server, stage, seed):
    """The same history, and how often somebody was killed on the way."""
    kills = []
    found = history(stage, lambda work: kills.append(kill_until_it_is_done(server, work, seed)))
    return found, sum(kills)
