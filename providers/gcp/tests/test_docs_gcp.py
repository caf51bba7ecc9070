"""The page for users: its commands run, and its tables say what the code says."""

import inspect
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from emulator import Local
from emulator.accounts import key_file
from emulator.geography import machine_types
from portinfra.commands.main import main
from portinfra.declaration.load import load
from portinfra.testing.emulator import EmulatorClock
from portinfra.validation import validate_declared
from portinfra_gcp import labels, marks, plugin
from portinfra_gcp.labels import PREFIX
from portinfra_gcp.published import FAMILIES, IMAGES, SIZES

PAGE = (Path(__file__).parents[3] / "docs" / "providers" / "gcp.md").read_text(encoding="utf-8")
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
    assert words[0] == "portinfra"
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code == 0, f"{command}: {told.err}"
    return told.out


@pytest.fixture
def somewhere(gce: Local, tmp_path, monkeypatch):
    """A folder of its own, a Compute Engine, and a service account's file for it."""
    gce.bed.configure(pending_seconds=5.0)
    gce.bed.add_project("payments-prod")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))
    for name in ("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, gce.endpoint)))
    (tmp_path / "shop.hcl").write_text(EXAMPLES[0])
    monkeypatch.setattr("portinfra_gcp.provider.SystemClock", lambda: EmulatorClock(gce.bed))
    return gce


def test_from_a_project_to_a_running_platform_and_back(somewhere, monkeypatch, capsys):
    told = {}
    hosts = 0
    for command in COMMANDS:
        told[command.split()[1]] = run(command, monkeypatch, capsys)
        hosts = max(hosts, sum(line.startswith("instance") for line in somewhere.bed.ground_truth()))
    assert hosts == 3
    assert "web1" in told["output"]
    assert "gcp:europe-west1" in told["lockin"]
    somewhere.bed.advance(7200.0)
    assert somewhere.bed.ground_truth() == []
    assert somewhere.bed.violations == []
    assert somewhere.bed.gaps == []


def test_a_move_shows_what_it_would_mean(somewhere, monkeypatch, capsys):
    command = next(line for line in PAGE.splitlines() if line.startswith("portinfra move"))
    told = run(command, monkeypatch, capsys)
    assert "from gcp:europe-west1 to gcp:europe-west4" in told
    assert "e2-small" in told
    assert somewhere.bed.ground_truth() == []


def test_the_printed_role_is_the_one_that_is_tested(somewhere, monkeypatch, capsys):
    assert json.loads(run("portinfra providers gcp --iam-policy", monkeypatch, capsys)) == plugin.iam_policy()


def test_every_example_is_valid(tmp_path):
    for number, example in enumerate(EXAMPLES):
        path = tmp_path / f"{number}.hcl"
        path.write_text(example)
        declared = load(path)
        if declared.topologies:
            validate_declared(declared)


def test_the_tables_say_what_the_code_says():
    assert {row[0]: row[1] for row in rows("size")} == SIZES
    for _, name, cpus, memory in rows("size"):
        assert machine_types()[name] == (int(cpus), int(memory.removesuffix(" GiB")) * 1024)
    images = {row[0]: (row[1], row[2]) for row in rows("image")}
    assert images == {name: (each.project, each.family) for name, each in IMAGES.items()}
    named = {row[0] for row in rows("label")}
    written = set(re.findall(r'"([a-z]+)":|PREFIX \+ "([a-z]+)"', inspect.getsource(marks.labels)))
    assert named == {PREFIX + (one or other) for one, other in written}
    *others, last = FAMILIES
    assert f"{', '.join(others)} and {last}" in PAGE


def test_a_tag_is_spelt_as_the_page_tells():
    ((key, value),) = labels.spell_labels({"Team": "Payments"}).items()
    assert f"`{key}={value}`" in PAGE
