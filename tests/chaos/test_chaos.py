"""Storms: throttled, refused, cut off after the effect, answered late; every run comes to the right end."""

import pytest
from attrs import evolve
from fake_bed import FakeBed

from portinfra import apply, plan
from portinfra.testing.conformance import AFTER, BEFORE, Stage
from portinfra.testing.conformance.stage import LOSE_DATA
from portinfra.testing.fake import plugin
from portinfra.testing.faults import Faults, inject_faults

pytestmark = pytest.mark.slow

STORM = Faults(throttled=0.2, unavailable=0.05, answer_lost=0.05, stale=0.1, stale_seconds=5.0)
SHAPES = ("aws", "gcp", "libvirt", "name")


@pytest.fixture(autouse=True)
def afterwards(monkeypatch):
    monkeypatch.setattr(plugin, "cloud", None)


@pytest.fixture(
    params=[range(24), pytest.param(range(24, 524), marks=pytest.mark.soak)], ids=["a few", "hundreds"]
)
def seeds(request):
    return request.param


def test_every_storm_ends_in_the_world_that_fair_weather_makes(seeds):
    met = 0
    for seed in seeds:
        bed = FakeBed(SHAPES[seed % len(SHAPES)])
        stage = Stage(bed)
        stage.bring(AFTER)
        expected = stage.ground_truth()
        bed.reset()
        with inject_faults("fake", evolve(STORM, seed=seed)) as weather:
            for topology in (BEFORE, AFTER):
                apply(plan(topology, bed.environment, LOSE_DATA), seed=seed)
                assert plan(topology, bed.environment, LOSE_DATA).empty, f"seed {seed}"
            met += weather.met.total()
        assert stage.ground_truth() == expected, f"seed {seed}"
        with inject_faults("fake", evolve(STORM, seed=seed)):
            stage.remove(AFTER)
        assert list(bed.ground_truth()) == [], f"seed {seed}"
    assert met > 50 * len(seeds)
    print(f"{len(seeds)} storms, {met} faults")
