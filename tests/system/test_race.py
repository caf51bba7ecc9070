"""Two real processes apply to one environment at once: one wins or both arrive, and nothing is doubled."""

import os
import random
import subprocess
import sys
import textwrap

import pytest
from shops import PRODUCTION, shop

from portinfra import PlanOptions, apply, destroy, plan
from portinfra.testing.fake import FakeCloud, SqliteStore

PROGRAM = textwrap.dedent(
    """
    import sys, time
    from shops import PRODUCTION, shop
    from portinfra import apply, plan
    from portinfra.errors import LeaseHeldError, StalePlanError
    from portinfra.testing.fake import FakeCloud

    request = FakeCloud.request

    def slow(*arguments):
        time.sleep(0.004)
        return request(*arguments)

    FakeCloud.request = slow
    try:
        apply(plan(shop(int(sys.argv[1])), PRODUCTION))
    except (LeaseHeldError, StalePlanError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    """
)
REFUSED = ("LeaseHeldError", "StalePlanError")


@pytest.fixture(
    params=[range(6), pytest.param(range(6, 206), marks=pytest.mark.soak)], ids=["a few", "hundreds"]
)
def pairs(request):
    return request.param


def race(counts, kill, seed):
    """Start both; kill one of them after a while, if asked to. What each said, None for the killed."""
    chance = random.Random(seed)
    racers = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(count)], stderr=subprocess.PIPE, text=True)
        for count in counts
    ]
    said = []
    for racer in racers:
        try:
            _, stderr = racer.communicate(timeout=chance.uniform(0.5, 1.0) if kill and not said else 120)
        except subprocess.TimeoutExpired:
            racer.kill()
            racer.communicate()
            said.append(None)
        else:
            assert racer.returncode == 0 or stderr.startswith(REFUSED), stderr
            said.append(stderr)
    return said


@pytest.mark.slow
def test_of_two_at_once_one_is_refused_or_both_arrive(pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    refused = killed = 0
    for seed in pairs:
        world = tmp_path / f"{seed}.db"
        monkeypatch.setenv("PORTINFRA_FAKE_CLOUD", str(world))
        counts = (6, 6) if seed % 2 else (6, 8)
        said = race(counts, kill=seed % 3 == 0, seed=seed)
        refused += sum(bool(words) for words in said)
        killed += said.count(None)
        assert None in said or "" in said, f"pair {seed}: nobody arrived: {said}"
        apply(plan(shop(6), PRODUCTION))
        settled = plan(shop(6), PRODUCTION)
        assert settled.changes == (), f"pair {seed}"
        assert not settled.findings, f"pair {seed}: {settled.findings}"
        gone = destroy(shop(6), PRODUCTION, PlanOptions(allow_data_loss=frozenset({"all"})))
        assert gone.summary()["delete"] == len(settled.wanted), f"pair {seed}"
        apply(gone)
        assert FakeCloud(SqliteStore(str(world))).ground_truth() == [], f"pair {seed}"
    assert refused, "nobody ever met anybody: this showed nothing"
    print(f"{len(pairs)} pairs, {refused} refused, {killed} killed")
