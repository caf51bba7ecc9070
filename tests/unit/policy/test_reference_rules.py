"""The rules R1 to R26: each number that portinfra prints is explained on one page, and the page is true."""

import ast
import re
from pathlib import Path

from sources_of_findings import ROOT

from portinfra.model.reference_rules import REFERENCE_RULES
from portinfra.policy import BUILT_IN

REPOSITORY = Path(__file__).parents[3]
PAGE = REPOSITORY / "docs" / "reference-rules.md"
NUMBER = re.compile(r"\bR\d{1,2}\b")
ROWS = {
    cells[0]: cells[1:]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if NUMBER.match(line.removeprefix("| "))
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}


def files():
    """The sources, the pages and the examples of the product."""
    yield from ROOT.rglob("*.py")
    for folder, ending in (("providers", "*/src/**/*.py"), ("docs", "**/*.md"), ("examples", "**/*.*")):
        yield from (REPOSITORY / folder).glob(ending)


def test_the_page_has_each_number_that_is_printed_anywhere():
    found = {number for file in files() if file.is_file() for number in NUMBER.findall(read(file))}
    assert found <= set(ROWS)


def read(file):
    return file.read_text(encoding="utf-8", errors="ignore")


def test_the_page_has_every_rule_by_its_name_and_no_other_one():
    assert list(ROWS) == list(REFERENCE_RULES)
    for number, name in REFERENCE_RULES.items():
        assert ROWS[number][0].startswith(f"**{name}**: ")


def test_the_page_says_which_rules_of_check_look_and_that_these_can_be_waived():
    for number, (_, looks, waive) in ROWS.items():
        ids = {rule.id for rule in BUILT_IN if rule.enforces == number}
        assert set(re.findall(r"`(check/[a-z-]+)`", looks)) == ids
        assert waive.startswith("a role waives it") == bool(ids)
    assert {rule.enforces for rule in BUILT_IN} <= set(ROWS)


def test_no_message_has_a_number_without_the_name_of_its_rule():
    bare = []
    for file in (*ROOT.rglob("*.py"), *(REPOSITORY / "providers").glob("*/src/**/*.py")):
        if "(R" not in read(file):
            continue
        tree = ast.parse(read(file))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and id(node) not in docstrings and re.search(r"\(R\d+\)", node.value):
                bare.append(f"{file}:{node.lineno}: {node.value}")
    assert bare == []
