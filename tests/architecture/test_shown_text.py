"""Only one function makes text with styles, so that all text of others passes `visible`."""

import ast
from pathlib import Path

CONSOLE = Path(__file__).parents[2] / "src" / "portinfra" / "render" / "console"


def test_only_the_terminal_makes_text_with_styles():
    made = [
        f"{file.name}:{node.lineno}"
        for file in CONSOLE.glob("*.py")
        if file.name != "terminal.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Text", "Text.assemble", "Console")
    ]
    assert made == []
