"""The lease: one run at a time, and a second run learns which run holds it."""

import pytest

from portinfra import workflow
from portinfra.errors import LeaseHeldError
from portinfra.execution.options import RunOptions
from portinfra.execution.run import Run
from portinfra.lease import list_leases
from portinfra.model.lease import Lease
from portinfra.testing.conformance.stage import LOSE_DATA, Stage
from portinfra.version import VERSION


class Leases:
    """One run at a time."""

    def test_while_a_run_holds_the_lease_another_run_learns_the_holder(self, stage: Stage) -> None:
        plan = stage.plan(stage.bed.before)
        with (
            stage.provider() as provider,
            Run(provider, plan.scope, VERSION, run_options=RunOptions(seed=0)),
            pytest.raises(LeaseHeldError),
        ):
            workflow.apply(plan, seed=0)
        assert stage.ground_truth() == []
        stage.bring(stage.bed.before)
        (lease, *_) = self._leases(stage)
        assert lease.released

    def test_a_run_that_died_is_taken_over(self, stage: Stage) -> None:
        plan = stage.plan(stage.bed.before, LOSE_DATA)
        with stage.provider() as provider:
            run = Run(provider, plan.scope, VERSION, run_options=RunOptions(seed=0))
            run.__enter__()
            run.__exit__(BaseException, None, None)  # dead, and its lease still exists
            provider.clock.sleep_until(provider.clock.now() + provider.capabilities.visibility_seconds)
        assert not self._leases(stage)[-1].released
        stage.bring(stage.bed.before)
        assert self._leases(stage)[-1].released

    def _leases(self, stage: Stage) -> list[Lease]:
        with stage.calls():
            return list_leases(stage.bed.before, stage.environment)
