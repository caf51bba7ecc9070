"""Requests that join the calls of several resources: each resource ends as it would alone."""

from collections.abc import Sequence

import pytest

from portinfra.errors import (
    ApplyError,
    Conflict,
    InvalidRequest,
    PermissionDenied,
    ProviderError,
    Unavailable,
)
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.conformance.stage import Stage

_REFUSALS = (Conflict, InvalidRequest, PermissionDenied, Unavailable)


def _resources(call: Call) -> Sequence[str]:
    """Return the native ids in a request that can join calls."""
    values = call.parameters[call.batch.parameter] if call.batch else ()
    return [values] if isinstance(values, str) else values


class Batches:
    """A provider whose cloud takes one resource a request joins nothing: then these tests are skipped."""

    def test_only_calls_that_may_be_repeated_and_create_nothing_are_joined(self, stage: Stage) -> None:
        """A refused request may have had an effect for some of its resources."""
        for call in _life(stage):
            if call.batch is None:
                continue
            assert call.safe, f"{call.action} is joined and is not safe"
            assert not call.fills, f"{call.action} is joined and creates a resource"
            assert call.batch.size_max >= 2, f"a request of {call.action} joins nothing"
            assert call.batch.parameter in call.parameters, f"{call.action} has no {call.batch.parameter}"
            assert set(call.batch.counted) <= set(call.rates), f"{call.action} counts a rate it does not have"

    @pytest.mark.parametrize("refusal", _REFUSALS, ids=lambda refusal: refusal.__name__)
    def test_a_refused_resource_refuses_no_other(self, stage: Stage, refusal: type[ProviderError]) -> None:
        """One resource is refused alone as in a request with others: only its own step fails."""
        stage.bring(stage.bed.before)
        refused: list[str] = []
        others: set[str] = set()

        def refuse_one(provider: Provider, call: Call) -> Answer:
            values = _resources(call)
            if not refused and len(values) > 1 and call.after is None:
                refused.append(values[0])
                others.update(values[1:])
            if refused and refused[0] in values:
                raise refusal("it is refused", provider=provider.name, fix="Wait.")
            return provider.perform(call)

        try:
            stage.remove(stage.bed.before, refuse_one)
            failed = []
        except ApplyError as error:
            failed = [step for step in error.outcome.steps if step.fate == "failed"]
        if not refused:
            pytest.skip("this provider joins no calls of this life")
        assert [type(step.error) for step in failed] == [refusal]
        assert failed[0].error is not None
        assert getattr(failed[0].error, "address", "") == failed[0].step.address, "it names another resource"
        assert others, "the request had no other resource"
        left = [seen.id for seen in stage.observe(stage.bed.before).resources.values()]
        assert refused[0] in left
        assert not others.intersection(left)
        stage.remove(stage.bed.before)
        assert not stage.ground_truth()


def _life(stage: Stage) -> list[Call]:
    """Return the calls of one life."""
    made: list[Call] = []

    def note(provider: Provider, call: Call) -> Answer:
        made.append(call)
        return provider.perform(call)

    stage.bring(stage.bed.before, note)
    stage.bring(stage.bed.after, note)
    stage.remove(stage.bed.after, note)
    return made
