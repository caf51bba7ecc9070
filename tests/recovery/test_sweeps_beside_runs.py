"""A sweep beside runs that live.

An entry of another run is read again, under the lease of that run, before it is rewritten.
"""

import threading

import pytest
from turning import dies_after, dies_at
from worlds import ONE, recovery

from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.history import compare_to_ledger
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.watch.status import status
from portinfra.testing.wrapped import wrapped


class PausedDrill:
    """A drill in a thread of its own, which waits where it says that it is torn down."""

    def __init__(self):
        self._go, self._waits = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._waits.wait(60)

    def _run(self):
        self.evidence = drill(recovery(), pace=ONE, say=self._say)

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
    dies_at("AttachVolume", lambda: drill(recovery(), pace=ONE))
    living, ended = PausedDrill(), []

    def end_the_drill(provider, call):
        """It ends after the sweep has read that it is open, while the sweep removes the dead one."""
        is_sweep = threading.current_thread() is threading.main_thread()
        if is_sweep and call.action.startswith("Delete") and not ended:
            ended.append(living.end())
        return provider.perform(call)

    with wrapped("fake", end_the_drill):
        swept = sweep(recovery(), pace=ONE)
    (evidence,) = ended
    assert len(swept) == 1, "the dead one"
    assert swept[0].id != evidence.id
    assert evidence.result == "passed"
    assert compare_to_ledger(recovery(), evidence, evidence_document(evidence)) == ""
    assert status(recovery()).last_drill.result == "passed"
    assert [run.id for run in read_facts(recovery()).facts("target").open_runs] == []


def test_a_drill_writes_its_result_while_it_holds_its_lease(ready):
    """A sweep that gets the lease reads an entry with that result, wherever the drill dies afterwards."""

    def try_recovery(about, how, say):
        return drill(about, pace=ONE, say=say)

    dies_after("tearing down", verb=try_recovery, at=lambda provider, call: call.action == "DeleteClaim")
    (run,) = read_facts(recovery()).facts("target").open_runs
    assert (run.result, bool(run.digest)) == ("passed", True)
    sweep(recovery(), pace=ONE)
    (run,) = read_facts(recovery()).facts("target").runs
    assert (run.result, bool(run.digest), run.entry.open) == ("passed", True, False)
    assert status(recovery()).left_behind == ()
