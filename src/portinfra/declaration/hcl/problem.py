"""Errors about HCL, with their lines."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from portinfra.model.finding import Finding
from portinfra.model.location import Location

P = TypeVar("P")
T = TypeVar("T")


class Problem(Exception):
    """An expression without a value, with all reasons; without reasons if they are reported elsewhere."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        super().__init__()
        self.findings: tuple[Finding, ...] = tuple(findings)


def problem(rule: str, message: str, fix: str, location: Location, subject: str = "") -> Problem:
    """Return a problem with one reason."""
    return Problem([Finding(f"hcl/{rule}", message, fix, subject=subject, location=location)])


def all_of(value: Callable[[P], T], parts: Iterable[P]) -> list[T]:
    """Return the values of all parts. Raises Problem with the reasons of all parts without a value."""
    values: list[T] = []
    wrong: list[Problem] = []
    for part in parts:
        try:
            values.append(value(part))
        except Problem as one:
            wrong.append(one)
    if wrong:
        raise Problem(finding for one in wrong for finding in one.findings)
    return values
