"""How what a user passes becomes what a value keeps: copies that nobody else holds."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def tags(given: Mapping[str, str]) -> Mapping[str, str]:
    """A copy of a mapping of strings."""
    return dict(given)


def options(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A copy of a mapping."""
    return dict(given)


def strings(given: Iterable[str]) -> tuple[str, ...]:
    """Several strings; one alone stands for itself, not for its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def several(given: Iterable[T] | T) -> tuple[T, ...]:
    """Several values; one alone is one of several."""
    return tuple(given) if isinstance(given, Iterable) else (given,)
