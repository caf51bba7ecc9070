"""What is wrong with a piece of HCL, at its line."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from portinfra.model.finding import Finding
from portinfra.model.location import Location

P = TypeVar("P")
T = TypeVar("T")


class Problem(Exception):
    """A piece that has no value, and all the reasons; none where another piece has given them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        super().__init__()
        self.findings = tuple(findings)


def problem(rule: str, message: str, fix: str, location: Location, subject: str = "") -> Problem:
    """One reason."""
    return Problem([Finding(f"hcl/{rule}", message, fix, subject=subject, location=location)])


def all_of(value: Callable[[P], T], parts: Iterable[P]) -> list[T]:
    """The value of every part. Raises Problem with the reasons of all that have none."""
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
