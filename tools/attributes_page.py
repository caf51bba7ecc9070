"""The generator of docs/attributes.md: every attribute that can be declared, from the classes of the model.

Run it after a change of these classes: `.venv/bin/python tools/attributes_page.py`.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portinfra.model.environment import Environment
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.schema import Attribute, Kind, attributes, block_attributes, label
from portinfra.model.topology import Topology

PAGE = Path(__file__).parents[1] / "docs" / "attributes.md"
INTRODUCTION = """\
# Attributes

This page is for people who write declarations: it lists every attribute of every class, with its
value, its default and its name in HCL. [Declaring in HCL](hcl.md) has examples. The
[glossary](glossary.md) explains the words.

This page is made from the classes. Do not edit it: change a docstring in `src/portinfra/model/`,
then run `.venv/bin/python tools/attributes_page.py`. In HCL, one text is also a list of one text.
"""
DECLARED: dict[str, type[Any]] = {"topology": Topology, "environment": Environment, "recovery": RecoveryPlan}
VALUES = {
    Kind.TEXT: "text",
    Kind.NUMBER: "whole number",
    Kind.SWITCH: "true or false",
    Kind.TEXTS: "list of texts",
    Kind.TEXT_MAP: "mapping of text to text",
    Kind.NUMBER_MAP: "mapping of text to whole numbers",
    Kind.OPTIONS: "mapping of options",
    Kind.MAPS: "mapping of names to mappings",
    Kind.PORTS: "port, range or list of these",
    Kind.HOOK: "command or Python function",
    Kind.HOOKS: "list of commands or Python functions",
    Kind.FUNCTION: "Python function",
    Kind.OTHER: "Python value",
}


def page() -> str:
    """Return the whole page."""
    return "\n".join([INTRODUCTION, *(section(of, block) for block, of in classes().items())])


def classes() -> dict[str, type[Any]]:
    """Return every declared class by the name of its HCL block, each before its parts."""
    found: dict[str, type[Any]] = {}

    def visit(block: str, of: type[Any]) -> None:
        found[block] = of
        for name, each in block_attributes(of).items():
            if each.kind in (Kind.PART, Kind.PARTS) and each.part and name not in found:
                visit(name, each.part)

    for block, of in DECLARED.items():
        visit(block, of)
    return found


def section(of: type[Any], block: str) -> str:
    """Return the section of one class."""
    about = inspect.cleandoc(of.__doc__ or "").partition("\n\n")[0]
    written = f'{block} "{(label(of) or attributes(of)[0]).name.upper()}"' if label(of) else block
    head = f"## {of.__name__}\n\n{_wrap(about)}\n\nIn HCL: `{written} {{…}}`.\n"
    table = "| attribute | value | default | what it is | in HCL |\n|---|---|---|---|---|"
    texts = docstrings(of)
    rows = [_row(each, texts.get(each.name, "")) for each in attributes(of)]
    return "\n".join([head, table, *rows, ""])


def docstrings(of: type[Any]) -> dict[str, str]:
    """Return the docstrings below the attributes of a class and of the classes that it inherits from."""
    return dict(pair for base in reversed(of.__mro__[:-1]) for pair in _own_docstrings(base))


def _own_docstrings(of: type[Any]) -> Iterator[tuple[str, str]]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(of))).body
    assert isinstance(body, ast.ClassDef)
    for line, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            match below:
                case ast.Expr(ast.Constant(str(text))):
                    yield line.target.id, " ".join(text.split())


def _row(attribute: Attribute, text: str) -> str:
    cells = [f"`{attribute.name}`", _value(attribute), _default(attribute), text, _hcl(attribute)]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _value(attribute: Attribute) -> str:
    part = attribute.part.__name__ if attribute.part else ""
    values = VALUES | {Kind.PART: f"`{part}`", Kind.PARTS: f"list of `{part}`"}
    alone = "whole number, or " if attribute.metadata.get("number") else ""
    return alone + values[attribute.kind] + (", or None" if attribute.may_be_none else "")


def _default(attribute: Attribute) -> str:
    usual = attribute.usual()
    if attribute.is_needed:
        return "needed"
    plain = usual is None or isinstance(usual, bool)
    return f"`{usual if plain else json.dumps(usual)}`"


def _hcl(attribute: Attribute) -> str:
    if attribute.is_label:
        return "the name of the block"
    kept_by_name = attribute.kind is Kind.MAPS or (attribute.part and label(attribute.part))
    block = f"`{attribute.block}{' NAME' if kept_by_name else ''} {{…}}`".replace("NAME", '"NAME"')
    ways = [f"`{attribute.hcl}`"] if attribute.hcl else []
    return " or ".join(ways + ([block] if attribute.block else [])) or "–"


def _wrap(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 100)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
