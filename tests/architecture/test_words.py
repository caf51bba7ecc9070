"""What every file says of itself, and what none may say."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
WRITTEN = [
    path
    for folder in ("src", "tests", "docs", "examples", "benchmarks", "providers", "tools")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file()
    and path.suffix not in (".pyc", ".svg", ".db")
    and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)  # what tools leave behind
] + [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml")]

ABSENT_CLASSES = re.compile(r"(Manager|Helper|Util|Utils|Node)$")
"""Words that name a thing without saying what it is."""

PROMISES = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
"""Promises to nobody."""


def test_a_module_says_what_it_is_and_its_classes_are_named_for_it():
    trees = {source: ast.parse(source.read_text(encoding="utf-8")) for source in SOURCES}
    assert [str(source) for source, tree in trees.items() if not ast.get_docstring(tree)] == []
    classes = [
        item.name for tree in trees.values() for item in ast.walk(tree) if isinstance(item, ast.ClassDef)
    ]
    assert classes
    assert [name for name in classes if ABSENT_CLASSES.search(name)] == []


def test_no_file_promises_to_do_later_what_it_should_do():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in WRITTEN
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PROMISES.search(line)
    ]
    assert found == []


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) >= pages


def test_each_page_that_a_text_of_the_sources_names_exists():
    named = {
        (path.name, page)
        for path in SOURCES
        for page in re.findall(r"docs/([\w/-]+\.md)", path.read_text(encoding="utf-8"))
    }
    assert [each for each in sorted(named) if not (ROOT / "docs" / each[1]).exists()] == []


def test_the_glossary_has_at_most_fifteen_words_and_no_word_twice():
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| \*\*(.+?)\*\* \| .+ \|$", page, re.MULTILINE)
    assert 0 < len(words) == len(set(words)) <= 15
    assert len(words) == page.count("\n|") - 2  # the head of the table
