"""Every place in portinfra's source that makes a finding, so that a law can be held to all of them."""

import ast
from functools import cache
from pathlib import Path

import portinfra

ROOT = Path(portinfra.__file__).parent


def modules():
    """Each module of the product that makes findings: its path below `portinfra/`, and its syntax tree."""
    for file in sorted(ROOT.rglob("*.py")):
        path, text = file.relative_to(ROOT), file.read_text(encoding="utf-8")
        if path.parts[0] != "testing" and "Finding(" in text:
            yield str(path), ast.parse(text)


@cache
def findings():
    """Each `Finding(…)`: the module, the call, and the beginning of its rule as far as the source has it."""
    trees, found = dict(modules()), []
    constants = {
        target.id: node.value.value
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    for path, tree in trees.items():
        local = constants | {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                found.append((path, node, _beginning(node, local)))
    return found


def _beginning(call, constants):
    given = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "rule")]
    rule = given[0] if given else None
    if isinstance(rule, ast.JoinedStr):
        rule = rule.values[0]
    if isinstance(rule, ast.Name):
        return constants.get(rule.id, "")
    return rule.value if isinstance(rule, ast.Constant) else ""
