"""A sweep beside runs that live.

An entry of another run is read again, under the lease of that run, before it is rewritten.
"""

import threading

import pytest
from attrs import evolve
from turning import HOW, before, dies_after, dies_at
from vaults import by, helpers_left, needs_tools
from worlds import ONE, RECOVERY, SHOP, recovery

from portinfra import workflow
from portinfra.errors import PermissionDenied
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.history import compare_to_ledger
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.refresh import refresh
from portinfra.recovery.takeover.steps import RefreshStep, Step
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls


class PausedDrill:
    """A drill in a thread of its own, which waits where it says that it is torn down."""

    def __init__(self):
        self._go, self._waits = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._waits.wait(60)

    def _run(self):
        self.evidence = drill(recovery(), run_options=ONE, say=self._say)

    def _say(self, line):
        if line == "tearing down":
            self._waits.set()
            self._go.wait(60)

    def end(self):
        self._go.set()
        self._thread.join(60)
        return self.evidence


@pytest.mark.slow
def test_a_sweep_does_not_change_the_entry_of_a_drill_that_ends_meanwhile(ready):
    dies_at("AttachVolume", lambda: drill(recovery(), run_options=ONE))
    living, ended = PausedDrill(), []

    def end_the_drill(provider, call):
        """It ends after the sweep has read that it is open, while the sweep removes the dead one."""
        is_sweep = threading.current_thread() is threading.main_thread()
        if is_sweep and call.action.startswith("Delete") and not ended:
            ended.append(living.end())
        return provider.perform(call)

    with wrap_calls("fake", end_the_drill):
        swept = sweep(recovery(), run_options=ONE)
    (evidence,) = ended
    assert len(swept) == 1, "the dead one"
    assert swept[0].id != evidence.id
    assert evidence.result == "passed"
    assert compare_to_ledger(recovery(), evidence, evidence_document(evidence)) == ""
    assert status(recovery()).last_drill.result == "passed"
    assert [run.id for run in read_facts(recovery()).facts("target").open_runs] == []


def test_a_drill_writes_its_result_while_it_holds_its_lease(ready):
    """A sweep that gets the lease reads an entry with that result, wherever the drill dies afterwards."""

    def try_recovery(about, options, say):
        return drill(about, run_options=ONE, say=say)

    dies_after("tearing down", verb=try_recovery, at=lambda provider, call: call.action == "DeleteClaim")
    (run,) = read_facts(recovery()).facts("target").open_runs
    assert (run.result, bool(run.digest)) == ("passed", True)
    sweep(recovery(), run_options=ONE)
    (run,) = read_facts(recovery()).facts("target").runs
    assert (run.result, bool(run.digest), run.entry.open) == ("passed", True, False)
    assert status(recovery()).left_behind == ()


def a_refresh(about):
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[about]), seed=0)
    return evolve(about, plan=evolve(about.plan, standby="running")), refresh, RefreshStep.FETCH


def a_takeover_that_is_abandoned(about):
    return about, failover, Step.PREPARE


@needs_tools
@pytest.mark.parametrize("what", [a_refresh, a_takeover_that_is_abandoned], ids=lambda what: what.__name__)
def test_a_run_that_makes_transfer_hosts_after_a_sweep_is_known_when_it_dies(home, cloud, what):
    """Each run opens its entry under the lease of what it makes; a sweep closes it under the same lease."""
    about = by("age", home, cloud)
    assert replicate(about, run_options=ONE).succeeded
    about, verb, step = what(about)

    def close_the_entry():
        if verb is failover:
            abandon(about, HOW)
        sweep(about, run_options=ONE)
        assert read_facts(about).facts("target").open_runs == ()

    dies_at(makes_a_host_of(about.receiving), lambda: verb(about, before(step, close_the_entry)))
    assert [each.what for each in status(about).left_behind if each.what != "refresh"] == ["transfer hosts"]
    sweep(about, run_options=ONE)
    assert helpers_left() == []
    assert read_facts(about).facts("target").open_runs == ()


def makes_a_host_of(scope):
    """A condition on a call: it starts the first transfer host, whose network is there."""
    return lambda provider, call: (
        call.action == "CreateInstance" and scope.environment in str(call.parameters)
    )


@needs_tools
def test_transfer_hosts_that_a_drill_cannot_remove_are_known_until_a_sweep_removes_them(home, cloud):
    about = by("age", home, cloud)
    assert replicate(about, run_options=ONE).succeeded

    def refuse(provider, call):
        if provider.account == RECOVERY.account and call.action == "DeleteNetwork":
            raise PermissionDenied("not today")
        return provider.perform(call)

    with wrap_calls("fake", refuse):
        assert drill(about, run_options=ONE).result == "failed"
        assert helpers_left() != []
        assert [each.what for each in status(about).left_behind] == ["drill", "transfer hosts"]
        sweep(about, run_options=ONE)
    assert helpers_left() != []
    assert [each.what for each in status(about).left_behind] == ["drill", "transfer hosts"]
    sweep(about, run_options=ONE)
    assert helpers_left() == []
    assert status(about).left_behind == ()
