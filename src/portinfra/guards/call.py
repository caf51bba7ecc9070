"""Calls of the guards of a plan, which may be a user's own code."""

from collections.abc import Callable
from typing import TypeVar

from portinfra.errors import PortinfraError, UserCodeError
from portinfra.model.plan import Guard
from portinfra.provider.own_code import describe

G = TypeVar("G", bound=Guard)
T = TypeVar("T")


def call_guard(guard: G, function: Callable[[G], T]) -> T:
    """Return what `function` returns for a guard. Raise UserCodeError for an error of its own code."""
    try:
        return function(guard)
    except PortinfraError:
        raise
    except (Exception, SystemExit) as error:
        name = type(guard).__name__
        raise UserCodeError(
            f"the guard {name} raised {describe(error)}",
            fix=f"Correct {name}: a guard returns what it finds, and raises nothing. No resource changed.",
        ) from error
