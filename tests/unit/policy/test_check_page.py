"""docs/check.md: its code runs, its table is the rules', its document is what the command prints."""

import json
import re
from pathlib import Path

from portinfra import INTERNET, Environment, Role, Topology, allow
from portinfra.placement import place
from portinfra.policy import BUILT_IN, UNKNOWN, UNUSED, check
from portinfra.render.policy_documents import check_document
from portinfra.testing.fake import FakeCloud, plugin

PAGE = (Path(__file__).parents[3] / "docs" / "check.md").read_text(encoding="utf-8")


def test_the_blocks_run_in_order(monkeypatch):
    monkeypatch.setattr(plugin, "cloud", FakeCloud())
    names = {"__name__": "page"}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, "docs/check.md", "exec"), names)


def test_a_rule_of_ones_own_is_ten_lines():
    block = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    assert len([line for line in block.splitlines() if line.strip()]) <= 10


def test_the_table_has_every_rule_as_it_is():
    rows = {
        row[0].strip("`"): row[1:]
        for row in (
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in PAGE.splitlines()
            if line.startswith("| `check/")
        )
    }
    assert set(rows) == {*(one.id for one in BUILT_IN), UNKNOWN, UNUSED}
    for one in BUILT_IN:
        assert rows[one.id] == [str(one.severity), one.what, one.enforces]


def _shape(value):
    """The fields of a document, in order; a list has those of its elements."""
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in value.items()}
    if isinstance(value, list):
        shapes = []
        shapes += [shape for shape in map(_shape, value) if shape not in shapes]
        return sorted({json.dumps(shape) for shape in shapes})
    return type(value).__name__


def test_the_document_on_the_page_has_the_fields_that_the_command_prints():
    web = Role("web", public="customers")
    db = Role("db", count=1, waive={"check/fewer-than-three": "a copy is made in minutes"})
    flows = [allow(INTERNET, web, tcp=443, why="customers"), allow(web, db, tcp=5432, why="orders")]
    shop = Topology("shop", [web, db, Role("cache", count=2)], flows)
    report = check(place(shop, Environment("demo", on="fake:us-east-1")))
    printed = json.loads(json.dumps(check_document(report, None, ())))
    printed["declared"]["from_internet"] = printed["declared"]["from_internet"][:1]
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert _shape(json.loads(example)) == _shape(printed)
    assert json.loads(example)["declared"] == printed["declared"]
