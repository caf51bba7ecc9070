"""The pages about recovery: declarations load, commands run in order, JSON has its fields."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from portinfra import dr
from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.load import load
from portinfra.execution.journal import home
from portinfra.testing.fake import plugin
from portinfra.testing.faults import Crash, Faults, inject_faults

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page):
    """The kind and the text of each block of a page."""
    return re.findall(r"```(\w+)\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


TUTORIAL = blocks("recovery.md")
DRILLS = blocks("drills.md")
EVIDENCE = blocks("evidence.md")
TAKEOVERS = blocks("takeovers.md")
PAGES = [
    TUTORIAL,
    DRILLS,
    EVIDENCE,
    TAKEOVERS,
    *map(blocks, ("recovery-plan.md", "recovery-vault.md", "recovery-json.md")),
]


@pytest.fixture
def shop(tmp_path):
    """The declaration, and a world in a file: a probe is another process."""
    (tmp_path / "shop.hcl").write_text(
        next(text for kind, text in TUTORIAL if kind == "hcl"), encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugin, "cloud", None)
        patch.setenv("PORTINFRA_FAKE_CLOUD", str(tmp_path / "cloud.db"))
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        patch.setenv("PORTINFRA_HOME", ".portinfra")
        yield tmp_path / "shop.hcl"


def run(*arguments):
    session = Session("portinfra", arguments)
    return CliRunner().invoke(app(session), list(arguments))


@pytest.mark.slow
def test_its_commands_run_in_their_order_and_say_what_stands_there(shop):
    (first, takeover), (evidence,), (drills,), (plan,) = (
        [text for kind, text in page if kind == "console"] for page in (TUTORIAL, EVIDENCE, DRILLS, TAKEOVERS)
    )
    assert [_run_all(text) for text in (first, evidence, drills, plan, takeover)] == [5, 2, 2, 1, 3]


def _run_all(text):
    """Run every command of a block, and return how many there are."""
    commands = text.split("$ ")[1:]
    for block in commands:
        command, *expected = block.rstrip("\n").split("\n")
        told = _words(_output(command))
        for line in filter(None, map(_words, expected)):
            assert line in told, f"{command}: {line!r} is not in\n{told}"
    return len(commands)


def _output(command):
    if command.startswith("python "):
        return subprocess.run(shlex.split(command), capture_output=True, text=True, check=True).stdout
    result = run(*shlex.split(command.removeprefix("portinfra ")))
    assert result.exit_code == 0, f"{command}: {result.output}"
    return result.stdout + result.stderr


def _words(text):
    """Without what is another each time: ids, lengths of time, and how wide a column is."""
    text = re.sub(r"[0-9-]{10} [0-9:]{8} UTC", "MOMENT", text)
    text = re.sub(r"[0-9a-f]{8,10}", "ID", text)
    text = re.sub(r"(\d+ (h|min|s)\b ?)+", "TIME ", text)
    return re.sub(r"[ \n]+", " ", text).strip()


def test_every_other_block_of_hcl_belongs_in_a_recovery(tmp_path):
    first, *others = [text for page in PAGES for kind, text in page if kind == "hcl"]
    for number, text in enumerate(others):
        inner = re.sub(r"\n\s*waves\s+=.*", "", first) if "wave {" in text else first
        head, brace, rest = inner.partition('recovery "shop" {')
        (tmp_path / f"{number}.hcl").write_text(head + brace + "\n" + text + rest, encoding="utf-8")
        assert load(tmp_path / f"{number}.hcl").recoveries


def _fields(value, place="$"):
    if isinstance(value, dict):
        found = set()
        for key, item in value.items():
            found |= _fields(item, f"{place}.{key}")
        return found or {place}
    if isinstance(value, list):
        found = set()
        for item in value:
            found |= _fields(item, f"{place}[]")
        return found or {place}
    return {place}


@pytest.mark.slow
def test_its_json_has_the_fields_that_the_commands_print(shop, tmp_path):
    kept = tmp_path / "inventory.json"
    gate = f'wave {{\nroles = ["db"]\ngates = ["cp $PORTINFRA_INVENTORY {kept}"]\n}}'
    gate += '\nwave {\nroles = ["web"]\n}'
    gate += f'\nnotify = "cp $PORTINFRA_EVENT {tmp_path}/event.json"'
    shop.write_text(re.sub(r"waves\s+=.*", gate, shop.read_text()), encoding="utf-8")
    found = {}
    run("apply", "production", "--yes")
    (write,) = re.findall(r"^\$ (python .*)$", dict(reversed(TUTORIAL))["console"], re.MULTILINE)
    _output(write)
    abandon, failover, fence = "abandon --yes", "failover --lost production --yes", "fence --yes"
    for command in ("replicate", "drill", "drills", "status", "plan", "sweep", abandon, failover, fence):
        if command == "sweep":
            _die_in_a_drill(shop)
        if command == abandon:
            _fail_to_take_over(shop)
        if command == fence:
            assert run("dr", "failover", "--yes").exit_code == 3
            shutil.copy(tmp_path / "event.json", tmp_path / "refused.json")
        printed = run("dr", *command.split(), "--json").stdout
        document = json.loads(printed)
        found[document["schema"]] = document
    found["portinfra.recovery-inventory/1"] = json.loads(kept.read_text())
    found["portinfra.event/1"] = json.loads((tmp_path / "refused.json").read_text())
    (evidence,) = (home() / "evidence").glob("drill-*.json")
    verdict = json.loads(run("dr", "verify", str(evidence), "--json").stdout)
    found[verdict["schema"]] = verdict
    verdicts = json.loads(run("dr", "verify", str(evidence), str(evidence), "--json").stdout)
    found[verdicts["schema"]] = verdicts
    written = [json.loads(text) for page in PAGES for kind, text in page if kind == "json"]
    examples = {document["schema"]: document for document in written}
    assert run("dr", "approve", "failover").exit_code == 3
    shop.write_text(re.sub(r"( +rpo +=)", r'approve = ["failover"]\n\1', shop.read_text(), count=1))
    given = json.loads(run("dr", "approve", "failover", "--json").stdout)
    found[given["schema"]] = given
    examples["portinfra.failover/1"] = examples["portinfra.drill/1"]  # as the page says
    found["portinfra.failover/1"]["left_aside"].clear()  # the example of a drill leaves nothing aside
    assert set(examples) == set(found)
    for schema, document in found.items():
        assert _fields(examples[schema]) == _fields(document), schema


def _die_in_a_drill(shop):
    declared = load(shop)
    about = dr.recovery(declared.topology(), declared.recovery(), declared.environments)
    with inject_faults("fake", Faults(at="CreateInstance", mishap="dies before")), pytest.raises(Crash):
        dr.drill(about, run_options=dr.RunOptions(seed=0))


def _fail_to_take_over(shop):
    said = shop.read_text(encoding="utf-8")
    shop.write_text(said.replace('gates = ["', 'limit = "1s"\ngates = ["false && '), encoding="utf-8")
    assert run("dr", "failover", "--yes").exit_code == 1
    shop.write_text(said, encoding="utf-8")
