"""docs/changing.md: what it says of each change is so."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from portinfra import workflow
from portinfra.declaration.load import load
from portinfra.hooks import calls
from portinfra.planning.roles import role_of
from portinfra.render.console.plan import show_plan
from portinfra.testing.simulation import SOMEWHERE, apply_and_check, simulate

PAGE = (Path(__file__).parents[2] / "docs" / "changing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
REMOVED = next(code for _, code in BLOCKS if "retired" in code and code.startswith("topology"))
READY = next(code for _, code in BLOCKS if "ready       =" in code)
SCRIPT = next(code for _, code in BLOCKS if code.startswith("#!"))
ERROR = next(code for _, code in BLOCKS if ": error:" in code)


@pytest.fixture
def declared(tmp_path):
    """Return a function that loads a declaration from `shop.hcl`."""

    def written(text):
        (tmp_path / "shop.hcl").write_text(text, encoding="utf-8")
        return load(Path("shop.hcl")).topology()

    return written


def test_the_command_on_the_page_says_that_hosts_of_the_simulator_are_ready(declared):
    Path("ready").write_text(SCRIPT, encoding="utf-8")
    Path("ready").chmod(0o755)
    with simulate():
        steps = apply_and_check(declared(READY)).steps
    assert sum(step.step.phase == "ready" for step in steps) == 3


def test_the_command_on_the_page_says_why_a_host_is_not_ready(tmp_path):
    Path("ready").write_text(SCRIPT, encoding="utf-8")
    Path("ready").chmod(0o755)
    given = {"on": "aws:us-east-1", "hosts": [{"name": "web1", "private_address": "127.0.0.1"}]}
    answer = calls.call("./ready 1", given, seconds=60)
    assert not answer.passed
    assert answer.told.startswith("port 1 of web1: ")


def test_a_removed_role_is_answered_with_the_line_on_the_page(declared):
    unretired = re.sub(r"  retired.*\n", "", REMOVED)
    with simulate():
        apply_and_check(declared(unretired.replace('role "app"', 'role "redis" {}\n  role "app"')))
        console = Console(file=io.StringIO(), width=1000)
        show_plan(workflow.plan(declared(unretired), SOMEWHERE), console)
        plan = workflow.plan(declared(REMOVED), SOMEWHERE)
    assert " ".join(ERROR.split()) in " ".join(console.file.getvalue().split())
    assert not plan.errors
    assert {role_of(plan.placed, change.address) for change in plan.changes} == {"redis"}


def test_a_renamed_role_keeps_its_hosts_and_volumes(declared):
    with simulate():
        apply_and_check(declared('topology "shop" {\n  role "old-name" {}\n}\n'))
        renamed = 'topology "shop" {\n  role "new" {\n    renamed_from = "old-name"\n  }\n}\n'
        plan = workflow.plan(declared(renamed), SOMEWHERE)
    assert not plan.errors
    assert {change.action for change in plan.changes} == {"update"}
