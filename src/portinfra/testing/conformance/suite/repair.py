"""Repair from every half-made state: after each single call, a new run without memory continues."""

import pytest

from portinfra.testing.conformance.stage import Stage
from portinfra.testing.conformance.walk import Walk


class Repair:
    """Drivers are right from any half-made state, and a safe call may be made twice."""

    @pytest.mark.parametrize("twice", [False, True], ids=["once", "safe calls twice"])
    def test_one_call_at_a_time_comes_to_the_same_world(self, stage: Stage, twice: bool) -> None:
        walk = Walk(stage, twice=twice)
        for topology in (stage.bed.before, stage.bed.after):
            planned = sum(map(len, stage.plan(topology).calls.values()))
            made = walk.to(topology)
            assert len(made) == planned
        walked = stage.ground_truth()
        stage.bed.reset()
        stage.bring(stage.bed.after)
        assert walked == stage.ground_truth()

    def test_of_two_that_were_made_because_neither_was_seen_one_stays(self, stage: Stage) -> None:
        Walk(stage, doubled=True).to(stage.bed.before)
        repaired = stage.ground_truth()
        assert stage.plan(stage.bed.before).findings == ()
        stage.bed.reset()
        stage.bring(stage.bed.before)
        assert repaired == stage.ground_truth()

    def test_one_call_at_a_time_leaves_nothing(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        Walk(stage).to(stage.bed.before, destroy=True)
        assert stage.ground_truth() == []
