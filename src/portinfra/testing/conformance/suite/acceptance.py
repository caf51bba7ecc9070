"""Acceptance is not progress: a change that is accepted and fails afterwards is a failed try."""

from collections.abc import Sequence

import pytest
from attrs import evolve

from portinfra import workflow
from portinfra.errors import ApplyError, PermissionDenied
from portinfra.execution.caller import Caller
from portinfra.execution.retry import ATTEMPTS_MAX
from portinfra.model.observed import Observed
from portinfra.model.outcome import StepOutcome
from portinfra.model.plan import Plan
from portinfra.model.progress import Progress
from portinfra.model.resources import Instance
from portinfra.provider.interface import Call, Refs
from portinfra.testing.conformance.stage import LOSE_DATA, Stage

STOPPING_SECONDS = 600.0
"""The seconds after a stop in which a host goes down in every bed."""


class Acceptance:
    """Patience, back-off and the message apply from the first failure."""

    def test_a_deletion_that_fails_after_it_was_accepted_ends_with_patience(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        kind = stage.bed.fail_deletions(1_000)
        failed, messages = self._fails(
            stage, workflow.destroy(stage.bed.before, stage.environment, LOSE_DATA)
        )
        assert {step.step.address.kind for step in failed} == {kind}
        assert all(step.calls <= ATTEMPTS_MAX for step in failed), failed
        assert all("will try again" in "".join(messages[step.step.address]) for step in failed), messages
        first = messages[failed[0].step.address][0]
        assert "tried 1 time" in first, f"the first failure is not reported: {first}"
        stage.bed.fail_deletions(0)
        stage.remove(stage.bed.before)
        assert stage.ground_truth() == []

    def test_a_deletion_that_fails_for_a_while_is_made_in_the_end(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        stage.bed.fail_deletions(2)
        stage.remove(stage.bed.before)
        assert stage.ground_truth() == []

    def test_a_host_that_falls_back_to_stopped_for_its_key_is_permission_denied(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        stage.bed.fail_starts(1_000)
        self._stop_hosts(stage)
        with stage.calls() as record:
            failed, _ = self._fails(stage, stage.plan(stage.bed.before))
        starts = [call for call in record.writes if call.address and call.address.kind == "instance"]
        assert {type(step.error) for step in failed} == {PermissionDenied}, failed
        assert len(starts) <= 2 * len(failed), "the second may only read the result of the first"
        for step in failed:
            fix = getattr(step.error, "fix", "")
            assert "key" in f"{step.error} {fix}", step.error
            assert "size" not in fix, f"no size helps against a key: {fix}"
        stage.bed.fail_starts(0)
        stage.bring(stage.bed.before)
        assert stage.plan(stage.bed.before).empty

    def _fails(self, stage: Stage, plan: Plan) -> tuple[Sequence[StepOutcome], dict[str, list[str]]]:
        """Apply a plan that fails. Return its failed steps, and the reports about each step."""
        events: list[Progress] = []
        with stage.calls(), pytest.raises(ApplyError) as caught:
            workflow.apply(plan, listen=events.append, seed=0)
        failed = [step for step in caught.value.outcome.steps if step.fate == "failed"]
        messages = [each.message for each in events if each.step is None and each.message]
        return failed, {
            step.step.address: [line for line in messages if line.startswith(f"{step.step.address}: ")]
            for step in failed
        }

    def _stop_hosts(self, stage: Stage) -> None:
        """Stop every host, as a person does."""
        scope = stage.plan(stage.bed.before).scope
        with stage.provider() as provider:
            driver = provider.drivers[Instance]
            there = stage.look(provider, scope)
            for seen in there.of(Instance).values():
                self._stop(Caller(provider), driver.next_call, seen, Refs(scope, "stopping", there.resources))
            provider.clock.sleep_until(provider.clock.now() + STOPPING_SECONDS)

    def _stop(self, caller: Caller, next_call: object, seen: Observed[Instance], refs: Refs) -> None:
        call = next_call(evolve(seen.spec, power="stopped"), seen, refs)  # type: ignore[operator]
        assert isinstance(call, Call)
        caller.with_retries(call)
