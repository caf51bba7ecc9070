"""The accessors behind a value: `.name`, `[index]`, and the splats `.*` and `[*]`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from portinfra.declaration.hcl.problem import all_of
from portinfra.declaration.hcl.tree import Expression, parts
from portinfra.value import frozen

CHAINED = ("get_attr_expr_term", "index_expr_term", "attr_splat_expr_term", "full_splat_expr_term")


@frozen
class Step:
    """One accessor, with its expression in `tree`."""

    tree: Expression
    of_each: bool = False
    """Whether it applies to each member of a list, after `.*`."""


Take = Callable[[Any, Expression], Any]
"""A function that returns the member of a value that an accessor names."""


def chain(tree: Expression) -> tuple[Expression, list[Step]]:
    """Return the value at the beginning of `a.b[0].c`, and the accessors behind it, without recursion."""
    links: list[Expression] = []
    while True:
        if tree.data == "expr_term" and len(tree.children) == 1:
            tree = tree.children[0]
        elif tree.data in CHAINED:
            tree, accessor = parts(tree)
            links.append(accessor)
        else:
            return tree, [step for accessor in reversed(links) for step in _steps(accessor)]


def _steps(accessor: Expression) -> list[Step]:
    if (
        accessor.data == "attr_splat"
    ):  # the first index in brackets applies to the list, and so does all behind it
        each, steps = True, [Step(accessor)]
        for one in parts(accessor):
            each = each and one.data != "braces_index"
            steps.append(Step(one, each))
        return steps
    if accessor.data == "full_splat":
        return [Step(accessor), *map(Step, parts(accessor))]
    return [Step(accessor)]


def reach(value: Any, steps: Sequence[Step], take: Take) -> Any:
    """Return the member that the accessors name. After `[*]`, further accessors apply to each member."""
    splat = next((number for number, step in enumerate(steps) if step.tree.data == "full_splat"), len(steps))
    for step in steps[:splat]:
        if step.tree.data == "attr_splat":
            value = _members(value)
        elif step.of_each:
            value = all_of(partial(_take_item, take, step.tree), value)
        else:
            value = take(value, step.tree)
    if splat == len(steps):
        return value
    return all_of(lambda item: reach(item, steps[splat + 1 :], take), _members(value))


def _take_item(take: Take, tree: Expression, item: Any) -> Any:
    return take(item, tree)


def name_of(accessor: Expression) -> str | None:
    """Return the name in `.name`; None for any other accessor."""
    return str(parts(accessor)[0].children[0]) if accessor.data == "get_attr" else None


def number_of(accessor: Expression) -> str | None:
    """Return the digits in `.0`; None for any other accessor."""
    return str(accessor.children[-1]) if accessor.data == "short_index" else None


def _members(value: Any) -> list[Any]:
    """Return the members of a list. Any other value is its only member, and null has none."""
    return value if isinstance(value, list) else [] if value is None else [value]
