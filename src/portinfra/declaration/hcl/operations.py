"""The evaluation of operators and conditions. Long chains need no recursion, so none is too long."""

from typing import Any

from portinfra.declaration.hcl.arithmetic import COMPARISON, Number, reckon
from portinfra.declaration.hcl.evaluator import Evaluator
from portinfra.declaration.hcl.problem import Problem
from portinfra.declaration.hcl.tree import Expression, parts
from portinfra.declaration.hcl.values import in_words, is_number, same, to_number, to_text

LOGIC = {"DOUBLE_AMP": False, "DOUBLE_PIPE": True}
"""The left value that decides the result of each logical operator."""


def binary(evaluator: Evaluator, tree: Expression) -> Any:
    """Return the value of `a + b - c`, from left to right. Raises Problem."""
    terms: list[Expression] = []
    while tree.data == "binary_op":
        tree, term = parts(tree)
        terms.append(term)
    value, left = evaluator.value(tree), tree
    for term in reversed(terms):
        sign, right = parts(term)
        value = _result(evaluator, sign.children[0].type, (value, left), right)
        left = right
    return value


def _result(evaluator: Evaluator, sign: str, known: tuple[Any, Expression], right: Expression) -> Any:
    """Return the result of one operator. `known` is its left value with its expression."""
    value, left = known
    if sign in LOGIC:
        decided = evaluator.as_truth(value, left)
        return decided if decided is LOGIC[sign] else evaluator.truth(right)
    if sign in ("DOUBLE_EQ", "NEQ"):
        return same(value, evaluator.value(right)) == (sign == "DOUBLE_EQ")
    first, second = as_number(evaluator, value, left), as_number(evaluator, evaluator.value(right), right)
    if sign in COMPARISON:
        return COMPARISON[sign](first, second)
    try:
        return reckon(sign, first, second)
    except ValueError as error:
        raise evaluator.wrong(
            right, "arithmetic", f"this has no result: {error}", "Correct the numbers."
        ) from None


def as_number(evaluator: Evaluator, value: Any, tree: Expression) -> Number:
    """Return a value as a number. Raises Problem."""
    try:
        return to_number(value)
    except (TypeError, ValueError):
        message = f"an operator takes numbers, not {in_words(value)}"
        raise evaluator.wrong(tree, "type", message, 'Join texts as "${a}${b}".') from None


def conditional(evaluator: Evaluator, tree: Expression) -> Any:
    """Return the value of `a ? b : c ? d : e`. Raises Problem.

    As in HCL, all branches have one type. If one is text, a number, true or false becomes text.
    """
    chosen: Expression | None = None
    others: list[Expression] = []
    while tree.data == "conditional":
        test, then, tree = parts(tree)
        if chosen is None and evaluator.truth(test):
            chosen = then
        else:
            others.append(then)
    if chosen is None:
        chosen = tree
    else:
        others.append(tree)
    value = evaluator.value(chosen)
    if is_number(value) or isinstance(value, bool):
        return to_text(value) if any(_is_text(evaluator, other) for other in others) else value
    return value


def _is_text(evaluator: Evaluator, tree: Expression) -> bool:
    try:
        return isinstance(evaluator.attempt(tree).value, str)
    except Problem:
        return False
