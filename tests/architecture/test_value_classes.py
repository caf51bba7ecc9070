"""Every class of values is made by `portinfra.value`: the start of a command compiles no comparisons."""

import ast
from pathlib import Path

import portinfra

SOURCE = Path(portinfra.__file__).parent


def _imports_of_decorators(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in {"attr", "attrs"}:
            yield from (each.name for each in node.names if each.name in {"frozen", "define", "mutable"})


def test_no_module_but_one_takes_the_decorators_of_attrs():
    files = [file for file in SOURCE.rglob("*.py") if file != SOURCE / "value.py"]
    assert len(files) > 300
    assert [str(file) for file in files if any(_imports_of_decorators(file))] == []


def test_no_attribute_compares_or_shows_itself_in_its_own_way():
    """`portinfra.value` compares and shows attributes as they are."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "field":
                given = {each.arg: each.value for each in node.keywords}
                own = [given[name] for name in ("eq", "repr") if name in given]
                assert all(isinstance(each, ast.Constant) for each in own), file
