"""The results of one check for other tools: each finding with its rule and its place in a folder of sources.

`sarif` and `junit` print them.
"""

import os
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import quote

from portinfra.errors import PortinfraError
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.policy import ABOUT_WAIVERS, BUILT_IN, PolicyRule, Report
from portinfra.render.console.findings import SEEN
from portinfra.value import frozen

PAGE = "docs/check.md"
"""The page that lists the built-in rules."""


@frozen
class Folders:
    """Two absolute paths: the folder of the sources, and the working folder that relative files are in."""

    sources: PurePath
    working: PurePath


@frozen
class Place:
    """A line of a file."""

    uri: str
    """Relative to the folder of the sources, with the escapes of a URI; absolute for a file elsewhere."""
    file: str
    """The same path as people read it."""
    line: int
    """Counted from 1."""
    column: int = 0
    """Counted from 1. 0: not known."""

    @property
    def is_in_sources(self) -> bool:
        """Whether the file is in the folder of the sources."""
        return not self.uri.startswith("file:")


@frozen
class RuleSummary:
    """One rule, in a line. `was_checked` is False for a rule that needs `--observed` and did not have it."""

    id: str
    what: str
    fix: str
    severity: Severity
    page: str = ""
    """The page that explains the rule; empty: there is none."""
    was_checked: bool = True


@frozen
class Result:
    """One finding with its place; `waiver` is the role that waives it and its reason, or empty."""

    finding: Finding
    place: Place | None
    waiver: str = ""

    @property
    def headline(self) -> str:
        """The subject and the message, in one line: `role.cache: 2 hosts`."""
        finding = self.finding
        subject = f"{finding.subject}: " if finding.subject else ""
        return f"{subject}{finding.message}{SEEN if finding.observed else ''}"


@frozen
class CheckResults:
    """All that a check found, or the error that ended it."""

    scope: str
    """`shop/demo`; empty where the declaration could not be read."""
    rules: tuple[RuleSummary, ...] = ()
    """The rules of the check. After an error, those that have findings."""
    results: tuple[Result, ...] = ()
    """The findings, errors first, then the waived ones."""
    was_observed: bool = False
    failure: str = ""
    """The error that ended the check before its rules, with what to do; empty: the rules were checked."""


def results_of_report(report: Report, rules: Iterable[PolicyRule], folders: Folders) -> CheckResults:
    """Return the results of a report of these rules.

    A finding about a resource that no line declares has the line of its environment.
    """
    environment = report.placed.environment.location
    was_observed = report.observation is not None

    def result(finding: Finding, waiver: str = "") -> Result:
        places = (find_place(each, folders) for each in (finding.location, environment) if each)
        return Result(finding, next(filter(None, places), None), waiver)

    counted = [result(finding) for finding in report.findings]
    waived = [result(each.finding, f"{each.role}: {each.reason}") for each in report.waived]
    checked = [
        RuleSummary(
            each.id,
            each.what or each.id,
            each.fix,
            each.severity,
            PAGE if each in BUILT_IN else "",
            was_observed or not each.observed_only,
        )
        for each in rules
    ]
    checked += [RuleSummary(id, what, "", severity, PAGE) for id, (severity, what) in ABOUT_WAIVERS.items()]
    scope = str(report.placed.scope)
    return CheckResults(scope, tuple(checked), (*counted, *waived), was_observed)


def results_of_error(error: PortinfraError, folders: Folders) -> CheckResults:
    """Return the findings of an error that ended a check, such as an invalid declaration."""
    findings: tuple[Finding, ...] = getattr(error, "findings", ())
    location: Location | None = getattr(error, "location", None)
    message = str(error.args[0]) if findings or location else str(error)
    if location and not findings:
        findings = (Finding("declaration/not-readable", message, error.fix, location=location),)
    severities = {each.rule: each.severity for each in findings}
    rules = tuple(
        RuleSummary(rule, f"Findings of {rule}.", "", severity) for rule, severity in severities.items()
    )
    results = tuple(
        Result(each, find_place(each.location, folders) if each.location else None) for each in findings
    )
    return CheckResults("", rules, results, failure=" ".join(filter(None, (f"{message}.", error.fix))))


def find_place(location: Location, folders: Folders) -> Place | None:
    """Return the place of a location; None for an option of the command line or text without a file."""
    if location.line < 1 or location.file.startswith("<"):
        return None
    path = PurePath(os.path.normpath(folders.working / location.file))
    if path.is_relative_to(folders.sources):
        inside = path.relative_to(folders.sources)
        return Place(_quote(inside), str(inside), location.line, location.column)
    return Place(f"file://{_quote(path)}", str(path), location.line, location.column)


def _quote(path: PurePath) -> str:
    return quote(os.fsencode(path.as_posix()))
