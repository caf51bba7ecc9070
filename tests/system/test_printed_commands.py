"""Each command that portinfra prints can be copied and run: also where the declaration has another name than
the usual one, needs a variable, and places its environments elsewhere.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHOP = """
variable "size" {}
topology "shop" {
  role "db" {
    count = 1
    size  = var.size
    waive = { "check/fewer-than-three" = "as small as can be" }
    volume "data" {
      gib   = 1
      mount = "/data"
    }
  }
}
topology "other" {
  role "web" { size = var.size }
}
environment "production" {
  on      = "aws:us-east-1"
  account = "111122223333"
  key     = "alias/a"
  cidr    = "10.1.0.0/16"
}
environment "recovery" {
  on      = "aws:eu-west-1"
  account = "444455556666"
  key     = "alias/b"
  cidr    = "10.2.0.0/16"
}
recovery "shop" {
  source = "production"
  target = "recovery"
  rpo    = "4h"
  rto    = "1h"
  waves  = [["db"]]
  accept = "hosts"
}
"""
PLACES = "--source-on fake:instant/us-east-1 --target-on fake:instant/eu-west-1"
OPTIONS = f"-f 'my shop.hcl' --var size=small {PLACES}"
PRINTED = re.compile(r"`(portinfra [^`]*)`|(?:: +|^ *)(portinfra [^`]*?)$", re.MULTILINE)
MISUNDERSTOOD = re.compile(
    r"Usage:|error: there is no (?!terminal)|error: .*(?:declared here|are declared, and none|has no value)"
)
"""How errors about the command line and what it names read."""


class Shell:
    """A folder with a declaration, and what portinfra has printed there."""

    def __init__(self, folder):
        (folder / "my shop.hcl").write_text(SHOP, encoding="utf-8")
        self.folder, self.printed = folder, {}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.variables = {**os.environ, "PATH": path, "PORTINFRA_FAKE_CLOUD": str(folder / "cloud.db")}

    def run(self, command):
        """Run a command line in a shell, without a terminal; keep the commands that it prints."""
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        for text in (*texts(done.stdout), done.stderr):
            for ticked, bare in PRINTED.findall(text):
                self.printed.setdefault(ticked or bare, command)
        return done

    def __call__(self, words):
        return self.run(f"portinfra {words} {OPTIONS}")


def texts(printed):
    """Return all texts of a JSON document; what is no document is one text."""
    try:
        return list(_strings(json.loads(printed)))
    except ValueError:
        return [printed]


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A shell in whose folder a takeover of a lost source has ended; all commands on the way are kept."""
    made = Shell(tmp_path_factory.mktemp("printed"))
    for words in (
        "plan production --topology shop --out p.json",
        "apply production --topology shop --yes",
        "dr plan --json",  # there is no point
        "dr replicate",
        "dr failover --lost production --yes",
        "dr status",
        "dr replicate",  # the source is not stopped
        "plan production --topology shop --json",
        "dr failover --yes",  # it is done
        "dr failover --lost recovery --yes",
    ):
        made(words)
    return made


def test_each_printed_command_has_what_the_call_needed(shell):
    verbs = {" ".join(shlex.split(command)[1:3]) for command in shell.printed}
    assert verbs >= {"apply --plan", "dr status", "dr replicate", "dr fence", "dr failover", "dr failback"}
    for command, origin in shell.printed.items():
        words = shlex.split(command)
        if words[1:3] == ["dr", "verify"]:
            continue
        assert all(word in words for word in shlex.split(OPTIONS)), f"{origin} printed: {command}"


def test_each_printed_command_is_understood(shell):
    """One of each verb: without a terminal none of them changes anything."""
    one_of_each = {tuple(shlex.split(command)[1:3]): command for command in shell.printed}
    for command in one_of_each.values():
        done = shell.run(command)
        said = done.stdout + done.stderr
        assert not MISUNDERSTOOD.search(said), f"{shell.printed[command]} printed: {command}\n{said}"


def test_in_python_a_command_is_the_plain_one():
    program = """if True:
        from portinfra import Environment, RecoveryPlan, Role, Topology, Volume, dr
        from portinfra.errors import PortinfraError
        shop = Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=1)])])
        here = Environment("production", on="fake:us-east-1", account="1", key="a", cidr="10.1.0.0/16")
        there = Environment("recovery", on="fake:eu-west-1", account="2", key="b", cidr="10.2.0.0/16")
        plan = RecoveryPlan("shop", here, there, rpo="4h", rto="1h", waves=[["db"]])
        try:
            dr.failover(dr.recovery(shop, plan, [here, there]))
        except PortinfraError as error:
            print(error)
    """
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "`portinfra dr replicate shop --now`" in said
