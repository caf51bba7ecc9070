"""Storms over a whole disaster: points, a drill, a failover and the way back, throttled, refused, cut off.

Nothing is left over, production is not touched by a drill, and evidence says what happened.
"""

import pytest
from attrs import evolve
from worlds import PRODUCTION, RECOVERY, SHOP, recovery, there, write, written

from portinfra import workflow
from portinfra.model.recovery import Probe, Wave
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.options import FailoverOptions, RunOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.testing.fake import SHAPES, FakeCloud, plugin
from portinfra.testing.faults import Faults, inject_faults
from portinfra.testing.simulation import apply_and_check

STORM = Faults(throttled=0.15, unavailable=0.05, answer_lost=0.04, stale=0.1, stale_seconds=5.0)
THREE = ("aws", "gcp", "libvirt")


@pytest.fixture(
    params=[range(6), pytest.param(range(6, 206), marks=pytest.mark.soak)], ids=["a few", "hundreds"]
)
def seeds(request):
    yield request.param
    plugin.cloud = None


@pytest.mark.slow
def test_whatever_the_weather_all_ends_well(seeds):
    met = 0
    for seed in seeds:
        shape = evolve(SHAPES[THREE[seed % 3]], rates={}, page_size=1000)
        cloud = plugin.cloud = FakeCloud(shape=shape)
        apply_and_check(SHOP, PRODUCTION)
        write(cloud, PRODUCTION, "ledger")
        run_options = RunOptions(seed=seed)
        works = seed % 2 == 0
        plan = recovery(
            waves=[Wave(["db"], gates=lambda given: True), ["web"]],
            probes=[Probe("page", lambda given, works=works: works, reads="db")],
            rto="4h",
        )
        with inject_faults("fake", evolve(STORM, seed=seed)) as weather:
            assert replicate(plan, run_options=run_options).succeeded, f"seed {seed}"
            points, production = there(cloud), there(cloud, PRODUCTION)
            evidence = drill(plan, run_options=run_options)
        assert (evidence.result == "passed") == works, f"seed {seed}: {evidence.reasons}"
        assert evidence.left_behind == 0, f"seed {seed}"
        assert sweep(plan, run_options=run_options) == [], f"seed {seed}"
        assert there(cloud) == points, f"seed {seed}"
        assert there(cloud, PRODUCTION) == production, f"seed {seed}"
        with inject_faults("fake", evolve(STORM, seed=seed)) as more:
            failover(plan, FailoverOptions(run_options=run_options))
            write(cloud, RECOVERY, "newer")
            failback(plan, FailoverOptions(run_options=run_options))
        assert set(written(cloud, PRODUCTION).values()) == {
            "newer of volume.db1-data",
            "newer of volume.db2-data",
        }, f"seed {seed}"
        assert status(plan).turn is None
        for place in (PRODUCTION, RECOVERY):
            assert workflow.plan(SHOP, place).empty, f"seed {seed}"
        met += weather.met.total() + more.met.total()
    assert met > 20 * len(seeds)
    print(f"{len(seeds)} storms, {met} faults")
