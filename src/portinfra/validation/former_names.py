"""Attributes that are written with their former names."""

from collections.abc import Iterator
from typing import Any

from portinfra.model.finding import Finding, Severity
from portinfra.model.schema import Attribute, Kind, attributes
from portinfra.validation.types import part_subject


def former_name_findings(value: Any, subject: str, area: str) -> Iterator[Finding]:
    """Yield a finding for each attribute of a declared value, and of its parts, with a former name.

    It is an error where the present name is written too, else a warning.
    """
    for each in attributes(type(value)):
        if each.former in value.location.former_names:
            yield _finding(value, each, subject, area)
        if each.kind is Kind.PARTS:
            for number, part in enumerate(getattr(value, each.name), 1):
                yield from former_name_findings(part, part_subject(value, subject, each, part, number), area)


def _finding(value: Any, attribute: Attribute, subject: str, area: str) -> Finding:
    former, name = attribute.former, attribute.name
    rule, severity = "former-name", Severity.WARNING
    message = f"{former} is the former name of {name}"
    fix = f"Write {value.location.write(name, str(getattr(value, name)))} in place of {former}."
    if value.location.former_names[former]:
        rule, severity = f"{name.replace('_', '-')}-twice", Severity.ERROR
        message, fix = (
            f"{former} and {name} are the same attribute, and both are written",
            f"Remove {former}.",
        )
    return Finding(
        f"{area}/{rule}", message, fix, severity, subject=f"{subject}.{former}", location=value.location
    )
