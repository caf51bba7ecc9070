"""A → B → A: each run that reports success is right, whatever the lists showed it."""

import random

import pytest
from fake_bed import FakeBed

from portinfra import INTERNET, Role, Topology, allow, apply, plan
from portinfra.errors import ApplyError
from portinfra.testing.fake import FakeCloud, plugin

CHANGES = 6
TOPOLOGIES = [
    Topology(
        "shop",
        roles=[Role("web", count=1, public="customers")],
        flows=[allow(INTERNET, "web", tcp=ports, why="customers")],
    )
    for ports in ([443], [443, 8443])
]
ACTIONS = ("AllowTraffic", "RevokeTraffic")
"""The changes between them, which the cloud may accept and then not make."""


@pytest.fixture(autouse=True)
def afterwards(monkeypatch):
    monkeypatch.setattr(plugin, "cloud", None)


@pytest.fixture(
    params=[range(12), pytest.param(range(12, 512), marks=pytest.mark.soak)], ids=["a few", "hundreds"]
)
def seeds(request):
    return request.param


def truth(bed):
    """What exists in the end, if no more call comes. The bed itself stays at its moment."""
    twin = FakeBed(bed.shape.name)
    twin.cloud = FakeCloud(bed.cloud.store.copy(), bed.shape)
    plugin.cloud = bed.cloud
    twin.clock.sleep_until(twin.clock.now() + 4 * 3600)
    firewalls = [each for each in twin.cloud.ground_truth() if each["kind"] == "firewall"]
    return sorted((str(each["name"]), str(each["ingress"])) for each in firewalls)


def expected(shape, topology):
    bed = FakeBed(shape)
    apply(plan(topology, bed.environment), seed=0)
    return truth(bed)


@pytest.mark.parametrize("shape", ["aws", "gcp"])
def test_a_run_that_reports_success_is_right(shape, seeds):
    goals = [expected(shape, topology) for topology in TOPOLOGIES]
    successes = failures = 0
    for seed in seeds:
        chance, bed = random.Random(seed), FakeBed(shape, lag_varies=True)
        for change in range(CHANGES):
            bed.clock.sleep_until(bed.clock.now() + chance.uniform(0.0, 4.0))
            made = plan(TOPOLOGIES[change % 2], bed.environment)
            if chance.random() < 0.5:
                bed.cloud.fail_later(chance.choice(ACTIONS), times=1)
            try:
                apply(made, seed=seed)
            except ApplyError:
                failures += 1
                continue
            successes += 1
            assert truth(bed) == goals[change % 2], f"seed {seed}, change {change}"
    assert successes > 3 * len(seeds)
    assert failures > len(seeds) // 2
    print(f"{shape}: {successes} successes, {failures} failures")
