"""Faults: throttled, refused, cut off, stale, and zones that do not answer."""

import pytest
from attrs import evolve

from portinfra import workflow
from portinfra.model.plan import Plan, PlanOptions
from portinfra.model.resources import Spec
from portinfra.planning.retention import zone_of
from portinfra.testing.conformance.stage import LOSE_DATA, Stage
from portinfra.testing.faults import Faults, Weather

STORM = Faults(throttled=0.2, unavailable=0.05, answer_lost=0.05, request_lost=0.02)


class BadWeather:
    """Every fault leaves the same end."""

    @pytest.mark.parametrize("seed", range(3))
    def test_a_storm_changes_nothing_about_the_end(self, stage: Stage, seed: int) -> None:
        for topology in (stage.bed.before, stage.bed.after):
            stage.bring(topology, Weather(evolve(STORM, seed=seed)).perform)
            assert stage.plan(topology).changes == ()
        stage.remove(stage.bed.after, Weather(evolve(STORM, seed=seed)).perform)
        assert stage.ground_truth() == []

    def test_lists_may_lag_as_long_as_the_capabilities_say(self, stage: Stage) -> None:
        with stage.provider() as provider:
            lag = provider.capabilities.visibility_seconds
        weather = Weather(Faults(seed=1, stale=0.5, stale_seconds=lag))
        for topology in (stage.bed.before, stage.bed.after):
            with stage.calls(weather.perform, lag_seconds=lag):
                workflow.apply(workflow.plan(topology, stage.environment, LOSE_DATA), seed=0)
        assert stage.plan(stage.bed.after).changes == ()

    def test_a_zone_that_is_silent_is_unknown_and_left_alone(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        zone = self._zone(stage)
        weather = Weather(Faults(silent_zone=zone))
        with stage.calls(weather.perform) as record:
            plan = workflow.plan(stage.bed.after, stage.environment, LOSE_DATA)
            assert "plan/unknown-zone" in {finding.rule for finding in plan.errors}
            options = evolve(LOSE_DATA, without_zones=frozenset({zone}))
            elsewhere = workflow.plan(stage.bed.after, stage.environment, options)
            assert elsewhere.errors == ()
            self._leaves_alone(elsewhere, zone)
            workflow.apply(elsewhere, seed=0)
        assert all(zone not in _zones(call.after.spec) for call in record.writes if call.after)
        stage.bring(stage.bed.after)
        assert stage.plan(stage.bed.after).changes == ()

    def test_a_zone_that_the_bed_silences_is_unknown_too(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        zone = self._zone(stage)
        with stage.bed.silence(zone):
            plan = stage.plan(stage.bed.before, PlanOptions())
        assert plan.observation.unknown == {zone}
        assert {change.address for change in plan.changes} == set()

    def _zone(self, stage: Stage) -> str:
        """Return a zone with a resource."""
        specs = [seen.spec for seen in stage.observe(stage.bed.before).resources.values()]
        return sorted({zone for spec in specs if spec.kind == "instance" for zone in _zones(spec)})[0]

    def _leaves_alone(self, plan: Plan, zone: str) -> None:
        for change in plan.changes:
            for spec in (change.before, change.after):
                assert spec is None or zone not in _zones(spec), f"{change.address} lies in {zone}"


def _zones(spec: Spec) -> set[str]:
    zone = zone_of(spec)
    return {zone} if zone else set()
