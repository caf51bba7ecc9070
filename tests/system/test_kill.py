"""A real process, killed again and again while it applies; the cloud is one file that outlives it."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from shops import PRODUCTION, shop

from portinfra import PlanOptions, apply, destroy, plan

PROGRAM = textwrap.dedent(
    """
    import time
    from shops import PRODUCTION, shop
    from portinfra import apply, plan
    from portinfra.testing.fake import FakeCloud

    request = FakeCloud.request

    def slow(*arguments):
        time.sleep({seconds})
        return request(*arguments)

    FakeCloud.request = slow
    apply(plan(shop(120, db=30), PRODUCTION))
    """
)
SLOW, FAST = PROGRAM.format(seconds=0.03), PROGRAM.format(seconds=0)
SHOP = shop(120, db=30)
KILLS = 8


@pytest.fixture(autouse=True)
def one_cloud(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTINFRA_FAKE_CLOUD", str(tmp_path / "cloud.db"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.mark.slow
def test_killed_again_and_again_it_ends_in_the_same_world():
    chance = random.Random(20261123)
    killed = 0
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", SLOW]) as process:
            time.sleep(chance.uniform(0.3, 1.0))
            process.kill()
        killed += process.returncode == -signal.SIGKILL
    assert killed >= 3, "too few were killed at work for this to mean anything"
    finished = subprocess.run(
        [sys.executable, "-c", FAST], capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stderr
    after = plan(SHOP, PRODUCTION)
    assert after.changes == ()
    assert not after.findings
    gone = destroy(SHOP, PRODUCTION, PlanOptions(allow_data_loss=frozenset({"all"})))
    assert gone.summary()["delete"] == len(after.wanted)
    apply(gone)
    assert destroy(SHOP, PRODUCTION).empty
