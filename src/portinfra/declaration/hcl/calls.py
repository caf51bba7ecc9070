"""Functions that need more than values: a file beside the declaration, or an expression that may fail."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from portinfra.declaration.files import read_beside
from portinfra.declaration.hcl import evaluator
from portinfra.declaration.hcl.problem import Problem, all_of
from portinfra.declaration.hcl.tree import Expression, is_token, parts
from portinfra.errors import DeclarationError
from portinfra.model.location import Location


class Evaluator(evaluator.Evaluator, Protocol):
    """The evaluator, as these functions need it."""

    location: Location
    secrets: set[str]
    is_template: bool

    def place(self, tree: Expression) -> Location:
        """Return the place of an expression."""

    def template(self, text: str, file: str, names: Mapping[str, Any]) -> Any:
        """Return the result of a template of a file. Raises Problem."""


MISTAKES = (
    "hcl/too-large",
    "hcl/unknown-variable",
    "hcl/unknown-local",
    "hcl/unknown-function",
    "hcl/unknown-name",
)


def arguments(evaluator: evaluator.Evaluator, tree: Expression | None) -> list[Any]:
    """Return the arguments of a call; the last may be a list with `...`. Raises Problem."""
    if tree is None:
        return []
    values = all_of(evaluator.value, parts(tree))
    spread = any(is_token(child, "ELLIPSIS") for child in tree.children)
    if spread and isinstance(values[-1], list):
        return [*values[:-1], *values[-1]]
    return values


def _file(evaluator: Evaluator, tree: Expression, given: Expression | None) -> str:
    match arguments(evaluator, given):
        case [str() as path]:
            return _text_of(evaluator, tree, path)
    raise evaluator.wrong(tree, "function", "file() takes one path", 'Write file("boot.sh").')


def _templatefile(evaluator: Evaluator, tree: Expression, given: Expression | None) -> Any:
    if evaluator.is_template:
        message = "a template cannot read another one"
        raise evaluator.wrong(tree, "function", message, "Read it outside, and give its text as a variable.")
    match arguments(evaluator, given):
        case [str() as path, dict() as names]:
            text, file = _text_of(evaluator, tree, path), Path(evaluator.location.file).parent / path
            return evaluator.template(text, str(file), names)
    fix = 'Write templatefile("boot.sh", { name = "value" }).'
    raise evaluator.wrong(tree, "function", "templatefile() takes a path and a mapping of names", fix)


def _text_of(evaluator: Evaluator, tree: Expression, path: str) -> str:
    try:
        return read_beside(evaluator.location.file, path, evaluator.place(tree))
    except (DeclarationError, ValueError) as error:  # a path with a zero byte is a ValueError
        may_show = isinstance(error, DeclarationError) and not evaluator.secrets
        message = error.args[0] if may_show else "the file cannot be read"
        fix = error.fix if isinstance(error, DeclarationError) else "Write another path."
        raise evaluator.wrong(tree, "file", message, fix) from None


def _try(evaluator: Evaluator, tree: Expression, given: Expression | None) -> Any:
    """Return the first argument that has a value. The secrets of the arguments before it count, too."""
    *first, last = parts(given) if given else (None,)
    if last is None:
        raise evaluator.wrong(tree, "function", "try() takes one argument or more", "Write try(a, b).")
    for each in first:
        try:
            return evaluator.value(each)
        except Problem as problem:
            _raise_mistake(problem)
    return evaluator.value(last)


def _can(evaluator: Evaluator, tree: Expression, given: Expression | None) -> bool:
    """Return whether an expression has a value."""
    if given is None or len(parts(given)) != 1:
        raise evaluator.wrong(tree, "function", "can() takes one argument", "Write can(a).")
    try:
        evaluator.value(parts(given)[0])
    except Problem as problem:
        _raise_mistake(problem)
        return False
    return True


def _raise_mistake(problem: Problem) -> None:
    """Raise a problem again that no value could fix, as in Terraform: an unknown name, a broken local."""
    if not problem.findings or any(finding.rule in MISTAKES for finding in problem.findings):
        raise problem


CALLS: Mapping[str, Callable[[Any, Expression, Expression | None], Any]] = {
    "can": _can,
    "file": _file,
    "templatefile": _templatefile,
    "try": _try,
}
"""The functions by name."""
