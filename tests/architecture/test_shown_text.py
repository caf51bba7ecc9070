"""Only one function makes text with styles, so that all text of others passes `visible`."""

import ast
from pathlib import Path

CONSOLE = Path(__file__).parents[2] / "src" / "portinfra" / "render" / "console"


def test_only_one_function_makes_text_with_styles():
    made = {
        (file.name, ast.unparse(node.func))
        for file in CONSOLE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    makers = ("StyledText", "Text", "Text.assemble", "Console", "_Terminal")
    assert {each for each in made if each[1] in makers} == {
        ("styled.py", "StyledText"),  # in `styled_text`
        ("colours.py", "Text.assemble"),  # of the parts of such a text
        ("rich_console.py", "_Terminal"),
    }
