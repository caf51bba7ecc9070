"""A variable of the environment that names something wrong ends in words, and never in a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SHOP = """
topology "shop" {
  role "web" { count = 1 }
}
environment "production" {
  on      = "fake:us-east-1"
  account = "1"
}
"""
PLAN = ("-c", "from portinfra.commands.main import main; main()", "plan", "-f", "shop.hcl")
CONSOLE = ("-m", "portinfra.testing.fake", "1", "us-east-1", "StopInstance", "id=instance/web1")
WRITE = ("-m", "portinfra.testing.fake.volumes", "write", "1", "us-east-1", "text")
READ = ("-m", "portinfra.testing.fake.volumes", "read", "web1")
AWS = (*PLAN, "--on", "aws:us-east-1")
SITES = (*PLAN, "--on", "libvirt:rack")

WRONG = [
    ("PORTINFRA_FAKE_CLOUD", "{folder}", PLAN, "cannot be read: it is a directory"),
    ("PORTINFRA_FAKE_CLOUD", "{folder}", CONSOLE, "cannot be read: it is a directory"),
    ("PORTINFRA_FAKE_CLOUD", "{folder}", WRITE, "cannot be read: it is a directory"),
    ("PORTINFRA_FAKE_CLOUD", "nowhere/cloud.db", CONSOLE, "there is no directory nowhere"),
    ("PORTINFRA_INVENTORY", "{folder}", READ, "is no inventory"),
    ("PORTINFRA_INVENTORY", "shop.hcl", READ, "is no inventory"),
    ("PORTINFRA_SITES", "{folder}", SITES, "(PORTINFRA_SITES names it) is not a file"),
    ("PORTINFRA_HOME", "shop.hcl", PLAN, "Plan: 7 to create"),
    ("PORTINFRA_DEBUG", "yes", PLAN, "Plan: 7 to create"),
    ("PORTINFRA_VAR_size", "small", PLAN, "Plan: 7 to create"),
    ("AWS_ENDPOINT_URL", "nonsense", AWS, "the variable AWS_ENDPOINT_URL is 'nonsense', which is not a URL"),
]
PORTINFRAS_OWN = re.compile(r"\"(PORTINFRA_[A-Z_]+)\"")
OTHERS = {"DISK", "EVENT", "CONSOLE", "ROUNDS", "END_OF_FILE", "END_OF_FILES", "END_OF_USER_DATA", "VAR_"}
"""What portinfra sets for programs that it calls, or writes into scripts; and the beginning of a name."""


@pytest.mark.parametrize(("name", "value", "command", "words"), WRONG)
def test_it_is_refused_in_words(tmp_path, name, value, command, words):
    (tmp_path / "shop.hcl").write_text(SHOP, encoding="utf-8")
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    environment = {**os.environ, **keys, name: value.format(folder=tmp_path)}
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert words in said
    assert "Traceback" not in said
    assert "Delete it" not in said, "a directory is not the simulator's to delete"
    assert done.returncode == (0 if "Plan" in words else 1)


def test_each_variable_of_portinfras_own_is_tried():
    read = {
        name
        for folder in ("src", "providers")
        for path in (ROOT / folder).rglob("*.py")
        if "tests" not in path.parts
        for name in PORTINFRAS_OWN.findall(path.read_text(encoding="utf-8"))
    }
    tried = {name for name, *_ in WRONG if name.startswith("PORTINFRA_") and name.isupper()}
    assert read - {f"PORTINFRA_{each}" for each in OTHERS} == tried
