"""The drill of the reference platform passes for a reason: its probes read what the restored volumes hold."""

import json
import os
import sys
from pathlib import Path

import pytest
from attrs import evolve
from worlds import ONE

from portinfra import dr
from portinfra.declaration.load import load
from portinfra.testing.fake import plugin, volumes
from portinfra.testing.simulation import apply_and_check

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments.hcl"


@pytest.fixture
def about(tmp_path, monkeypatch):
    """Payments in production, in a world that other processes read, too."""
    monkeypatch.setattr(plugin, "cloud", None)
    monkeypatch.setenv("PORTINFRA_FAKE_CLOUD", str(tmp_path / "cloud.db"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    declared = load(EXAMPLE)
    source = evolve(declared.environment("production"), on="fake:instant/us-east-1")
    target = evolve(declared.environment("recovery"), on="fake:instant/eu-west-1")
    about = dr.recovery(declared.topology("payments"), declared.recovery("payments"), [source, target])
    apply_and_check(about.topology, source)
    return about


def drill(about):
    assert dr.replicate(about, now=True, run_options=ONE).succeeded
    return dr.drill(about, run_options=ONE)


def test_blank_volumes_fail_its_drill_and_written_ones_pass_it(about):
    blank = drill(about)
    assert (blank.result, len(blank.reasons)) == ("failed", 3)
    assert volumes.main(["write", about.source.account, about.source.region, "payments"]) == 0
    written = drill(about)
    assert written.result == "passed", json.dumps(written.reasons)
    assert {each.looked for each in written.looked} == {"data"}
    assert {len(probe.command_sha256) for probe in written.probes} == {64}
