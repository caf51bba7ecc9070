"""An environment that lies in one region, and is asked for in another: nothing of it is touched."""

import pytest
from attrs import evolve

from emulator.conformance_bed import GcpBed
from portinfra.errors import PolicyError
from portinfra.testing.conformance import BEFORE, Stage


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed() as bed:
        bed.reset()
        yield Stage(bed)


def test_another_region_is_refused_and_every_host_goes_on(stage):
    stage.bring(BEFORE)
    there = stage.ground_truth()
    elsewhere = Stage(stage.bed, evolve(stage.environment, on="gcp:europe-west4", zones=()))
    for change in (elsewhere.bring, elsewhere.remove):
        with pytest.raises(PolicyError, match="environment is in europe-west1"):
            change(BEFORE)
    assert stage.ground_truth() == there
    assert stage.plan(BEFORE).empty


def test_status_there_says_where_it_lies(stage):
    stage.bring(BEFORE)
    elsewhere = Stage(stage.bed, evolve(stage.environment, on="gcp:europe-west4", zones=()))
    seen = elsewhere.observe(BEFORE).resources["network.main"]
    assert seen.reason == "this environment is in europe-west1"
