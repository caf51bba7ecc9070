"""The page for users: its commands run, and its tables say what the code says."""

import inspect
import json
import re
import shlex
import sys
import textwrap
from pathlib import Path

import pytest

from bed import Local
from bed.identities import ACCESS_KEY, SECRET
from portinfra import Environment
from portinfra.commands.main import main
from portinfra.declaration.load import load
from portinfra.model.address import Scope
from portinfra.model.resources import Network
from portinfra.testing.emulator import EmulatorClock
from portinfra.validation import validate_declared
from portinfra_aws import marks, plugin
from portinfra_aws.drivers.network import NetworkDriver
from portinfra_aws.marks import PREFIX
from portinfra_aws.published import IMAGES, SIZES, machine
from walking import refs, way

DOCS = Path(__file__).parents[3] / "docs" / "providers"
PAGE = (DOCS / "aws.md").read_text(encoding="utf-8")
BLOCK_EXPORT = (DOCS / "aws-block-export.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```hcl\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def rows(heading):
    """The rows of the table whose first heading this is."""
    table = PAGE.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert cells, heading
    return cells


def run(command, monkeypatch, capsys):
    """Run a line of the page as a shell would; what it printed."""
    words = shlex.split(command)
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        monkeypatch.setenv(name, value)
        return ""
    assert words[0] == "portinfra"
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code == 0, f"{command}: {told.err}"
    return told.out


@pytest.fixture
def somewhere(ec2: Local, tmp_path, monkeypatch):
    """A folder of its own, an EC2, and a profile for it in the shared file."""
    ec2.bed.configure(pending_seconds=5.0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    shared = tmp_path / "credentials"
    shared.write_text(f"[payments]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    (tmp_path / "shop.hcl").write_text(EXAMPLES[0])
    monkeypatch.setattr("portinfra_aws.provider.SystemClock", lambda: EmulatorClock(ec2.bed))
    return ec2


def test_from_an_account_to_a_running_platform_and_back(somewhere, monkeypatch, capsys):
    told = {}
    hosts = 0
    for command in COMMANDS:
        told[command.split()[1]] = run(command, monkeypatch, capsys)
        hosts = max(hosts, sum(line.startswith("instance") for line in somewhere.bed.ground_truth()))
    assert hosts == 3
    assert "web1" in told["output"]
    (lockin,) = re.findall(r"`(portinfra lockin .+?)`", PAGE)
    assert "aws:us-east-1" in run(lockin, monkeypatch, capsys)
    somewhere.bed.advance(7200.0)
    assert somewhere.bed.ground_truth() == []
    assert somewhere.bed.violations == []
    assert somewhere.bed.gaps == []


def test_the_printed_policy_is_the_one_that_is_tested(somewhere, monkeypatch, capsys):
    assert json.loads(run("portinfra providers aws --iam-policy", monkeypatch, capsys)) == plugin.iam_policy()


def test_the_page_grants_what_the_provider_tells():
    """The role of a host that reads blocks, and whoever passes one."""
    passing, reading = (
        json.loads(textwrap.dedent(block))
        for block in re.findall(r"^ *```json\n(.*?)^ *```$", PAGE + BLOCK_EXPORT, re.MULTILINE | re.DOTALL)
    )
    production = Environment("production", on="aws:us-east-1", account="123456789012", key="alias/shop")
    granted = json.loads(plugin.block_grants(production, Scope("shop", "production").beside("taken")))
    assert reading == granted["role"]["policy"]
    (statement,) = granted["pass"]["policy"]["Statement"]
    assert passing == {**statement, "Resource": "arn:aws:iam::123456789012:role/reports"}


def test_every_example_is_valid(tmp_path):
    for number, example in enumerate(EXAMPLES):
        path = tmp_path / f"{number}.hcl"
        path.write_text(example)
        declared = load(path)
        if declared.topologies:
            validate_declared(declared)


def test_the_tables_say_what_the_code_says():
    sizes = {row[0]: row[1] for row in rows("size")}
    assert sizes == SIZES
    for _, name, cpus, memory in rows("size"):
        assert machine(name) == (int(cpus), float(memory.removesuffix(" GiB")))
    assert {row[0]: row[1] for row in rows("image")} == {name: each.owner for name, each in IMAGES.items()}
    statements = [statement["Sid"] for statement in plugin.iam_policy()["Statement"]]
    assert [row[0] for row in rows("statement")] == statements
    named = {name.strip("` ") for row in rows("tag") for name in row[0].split(",")}
    written = {f"{PREFIX}{name}" for name in re.findall(r'"([a-z-]+)":', inspect.getsource(marks.write))}
    assert named == {*written, f"{PREFIX}v", marks.SCOPE, f"{PREFIX}address", f"{PREFIX}attempt", "Name"}


def test_a_network_takes_the_calls_that_the_page_tells():
    assert "a network nine." in PAGE
    assert len(way(NetworkDriver(), Network("main", "10.0.0.0/16"), None, refs())) == 9
