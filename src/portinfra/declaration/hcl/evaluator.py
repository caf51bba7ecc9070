"""The evaluator, as its parts need it; `expressions.Evaluator` implements it."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

from portinfra.declaration.hcl.problem import Problem
from portinfra.declaration.hcl.scope import Computed
from portinfra.declaration.hcl.tree import Expression


class Evaluator(Protocol):
    """An evaluator of expressions."""

    def value(self, tree: Expression) -> Any:
        """Return the value of an expression. Raises Problem."""

    def truth(self, tree: Expression) -> bool:
        """Return the value of a condition. Raises Problem."""

    def as_truth(self, value: Any, tree: Expression) -> bool:
        """Return the value of an expression as a condition. Raises Problem."""

    def key(self, tree: Expression) -> str:
        """Return the value of an expression as a key of a mapping. Raises Problem."""

    def attempt(self, tree: Expression) -> Computed:
        """Return the value of an expression that may fail, without side effects. Raises Problem."""

    def with_names(self, bound: Mapping[str, Any]) -> Self:
        """Return an evaluator that knows these names, too."""

    def count_round(self, tree: Expression) -> None:
        """Count a round of a loop. Raises Problem if there are too many."""

    def wrong(self, tree: Expression, rule: str, message: str, fix: str) -> Problem:
        """Return the error to raise about an expression."""
