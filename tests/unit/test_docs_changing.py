"""docs/changing.md: what it says of each change is so."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from portinfra import workflow
from portinfra.declaration.load import load
from portinfra.planning.roles import role_of
from portinfra.render.console.plan import show_plan
from portinfra.testing.simulated import SOMEWHERE, applied, simulated

PAGE = (Path(__file__).parents[2] / "docs" / "changing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
REMOVED = next(code for _, code in BLOCKS if "retired" in code and code.startswith("topology"))
ERROR = next(code for _, code in BLOCKS if "error:" in code)


@pytest.fixture
def declared(tmp_path):
    """Return a function that loads a declaration from `shop.hcl`."""

    def written(text):
        (tmp_path / "shop.hcl").write_text(text, encoding="utf-8")
        return load(Path("shop.hcl")).topology()

    return written


def test_a_removed_role_is_answered_with_the_line_on_the_page(declared):
    unretired = re.sub(r"  retired.*\n", "", REMOVED)
    with simulated():
        applied(declared(unretired.replace('role "app"', 'role "redis" {}\n  role "app"')))
        console = Console(file=io.StringIO(), width=1000)
        show_plan(workflow.plan(declared(unretired), SOMEWHERE), console)
        plan = workflow.plan(declared(REMOVED), SOMEWHERE)
    assert " ".join(ERROR.split()) in " ".join(console.file.getvalue().split())
    assert not plan.errors
    assert {role_of(plan.placed, change.address) for change in plan.changes} == {"redis"}


def test_a_renamed_role_keeps_its_hosts_and_volumes(declared):
    with simulated():
        applied(declared('topology "shop" {\n  role "old-name" {}\n}\n'))
        renamed = 'topology "shop" {\n  role "new" {\n    renamed_from = "old-name"\n  }\n}\n'
        plan = workflow.plan(declared(renamed), SOMEWHERE)
    assert not plan.errors
    assert {change.action for change in plan.changes} == {"update"}
