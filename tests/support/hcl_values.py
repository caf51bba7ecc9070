"""The value of one expression of HCL, without a file."""

from pathlib import Path
from typing import Any

from portinfra.declaration.hcl.expressions import NO_NAMES, evaluate
from portinfra.declaration.hcl.scope import Scope
from portinfra.declaration.hcl.source import Source
from portinfra.declaration.hcl.syntax import Attribute, parse_expression
from portinfra.declaration.hcl.values import to_python


def value_of(expression: str, folder: Path = Path(), scope: Scope = NO_NAMES) -> Any:
    """Return the value of an expression. Raises Problem."""
    source = Source(str(folder / "test.hcl"), expression)
    attribute = Attribute("it", parse_expression(source), source.at(1, 1), source)
    return to_python(evaluate(attribute, scope).value)
