"""Whoever reads what is printed goes away: a drill is torn down all the same, and leaves evidence."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHOP = """\
topology "shop" {
  role "web" {
    count = 1
    waive = { R6 = "as small as can be" }
  }
}
environment "production" {
  on = "fake:us-east-1"
}
environment "recovery" {
  on   = "fake:eu-west-1"
  cidr = "10.20.0.0/16"
}
recovery "shop" {
  source = "production"
  target = "recovery"
  rpo    = "4h"
  rto    = "1h"
  wave {
    roles = ["web"]
    gates = ["touch asked; sleep 3"]
  }
}
"""
DRILL = [str(Path(sys.executable).with_name("portinfra")), "dr", "drill"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """One with a declaration in it, whose drill lasts for some seconds."""
    monkeypatch.chdir(tmp_path)
    for name in ("PORTINFRA_HOME", "PORTINFRA_FAKE_CLOUD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "shop.hcl").write_text(SHOP)
    return tmp_path


def is_asked(folder):
    until = time.monotonic() + 60
    while not (folder / "asked").exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def torn_down(folder):
    """What the evidence of the one drill says, of which nothing is left."""
    (file,) = (folder / ".portinfra/evidence").glob("drill-*.json")
    told = subprocess.run([*DRILL[:-1], "status", "--json"], capture_output=True, check=False).stdout
    assert json.loads(told)["drills_to_sweep"] == []
    evidence = json.loads(file.read_text())
    assert evidence["left_behind"] == 0
    return evidence


def test_who_reads_what_is_printed_goes_away(folder):
    drill = subprocess.Popen(DRILL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    is_asked(folder)
    drill.stdout.close()
    drill.stderr.close()
    drill.wait(timeout=60)
    assert torn_down(folder)["result"] == "passed"


def test_the_terminal_goes_away(folder):
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever started the tests may have it ignored: nohup
        os.execv(DRILL[0], DRILL)
    is_asked(folder)
    os.close(terminal)
    os.waitpid(pid, 0)
    evidence = torn_down(folder)
    assert evidence["result"] == "failed"
    assert "interrupted" in " ".join(evidence["reasons"])
