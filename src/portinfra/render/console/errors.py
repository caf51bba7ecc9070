"""Errors on standard error: what happened, what to do next, and every finding with its place."""

from collections.abc import Iterable

from attrs import evolve

from portinfra.errors import ApplyError, PortinfraError
from portinfra.format import count, join_runs
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.outcome import Cause, StepOutcome
from portinfra.render.console.assurances import ASSURANCES
from portinfra.render.console.styled import StyledText, styled_text
from portinfra.render.console.terminal import Console, err

SOURCE_WIDTH = 100
"""The longest line of a declaration that is shown, in characters."""

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def show_error(error: PortinfraError, *, again: str = "") -> None:
    """Print an error on standard error. `again` is the command line that continues an apply."""
    console = err()
    findings: tuple[Finding, ...] = getattr(error, "findings", ())
    if len(findings) == 1 and findings[0].message == error.args[0]:
        return show_findings(findings)
    place = getattr(error, "location", None) if not findings else None
    console.print(_headline(f"{place}: " if place else "", Severity.ERROR, _message(error)))
    if isinstance(error, ApplyError):
        _show_steps(console, error, again)
    elif error.fix:
        console.print(styled_text(f"  {error.fix}"))
    show_findings(findings)
    return None


def show_findings(findings: Iterable[Finding], console: Console | None = None) -> None:
    """Print findings, each with its place and what to do. Without a console: on standard error."""
    for finding in _join_equal(findings):
        console = console or err()
        place = f"{finding.location.exact}: " if finding.location else ""
        is_named = not finding.subject or finding.message.startswith(finding.subject)
        subject = "" if is_named else f"{finding.subject}: "
        console.print(_headline(place, finding.severity, subject + finding.message))
        if finding.location and finding.location.source:
            _show_source(finding.location, console)
        if finding.fix:
            console.print(styled_text(f"  {finding.fix}"))


def _join_equal(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, those that differ only in their subjects as one with all subjects."""
    equal: dict[object, list[Finding]] = {}
    for each in findings:
        place = str(each.location.exact) if each.location else ""
        equal.setdefault((each.rule, each.message, each.fix, each.severity, place), []).append(each)
    subjects = {key: join_runs(dict.fromkeys(each.subject for each in some)) for key, some in equal.items()}
    return [
        evolve(some[0], subject=subjects[key]) if len(some) > 1 else some[0] for key, some in equal.items()
    ]


def _show_source(location: Location, console: Console) -> None:
    """Print a line of a declaration, with a mark under the column."""
    line = location.source.replace("\t", " ").rstrip()
    if len(line) > SOURCE_WIDTH or not line.isprintable():
        return
    number = f"  {location.line} | "
    console.print(styled_text((number + line, "dim")))
    if location.column:
        console.print(styled_text((" " * (len(number) + location.column - 1) + "^", "dim")))


def _headline(place: str, severity: Severity, message: str) -> StyledText:
    return styled_text(place, (str(severity), STYLES[severity]), ": ", message)


def _message(error: PortinfraError) -> str:
    """Return what happened, without the findings or causes that some errors append."""
    return str(error.args[0]) if hasattr(error, "findings") or isinstance(error, ApplyError) else str(error)


def _show_steps(console: Console, error: ApplyError, again: str) -> None:
    steps = error.outcome.steps
    for cause in error.outcome.causes:
        console.print(styled_text(("  failed   ", "red"), _step_error(cause.steps[0])))
        if len(cause.steps) > 1:
            console.print(styled_text(f"           {_others(cause)}"))
        if isinstance(cause.error, PortinfraError) and cause.error.fix:
            console.print(styled_text(f"           {cause.error.fix}"))
    blocked = [step.step.address for step in steps if step.fate == "blocked"]
    if blocked:
        console.print(styled_text(("  blocked  ", "yellow"), join_runs(dict.fromkeys(blocked))))
    for change in error.outcome.drift:
        console.print(styled_text(("  differs  ", "yellow"), f"{change.address}: {change.reason}"))
    for zone in sorted(error.outcome.unverified):
        console.print(styled_text(("  unseen   ", "yellow"), f"{zone} does not answer"))
    done = sum(step.fate == "done" for step in steps)
    begun = sum(step.fate == "failed" and step.changed for step in steps)
    half = f", {count(begun, 'step')} half done" if begun else ""
    console.print(styled_text(f"{done} of {count(len(steps), 'step')} done{half}. What is done stays."))
    console.print(styled_text(f"  {error.fix}"))
    if again:
        console.print(styled_text(f"  {again}"))


def _others(cause: Cause) -> str:
    """Return a line such as `The same for 299 more: instance.web2 … instance.web300 (298 not tried).`"""
    others = cause.addresses[1:]
    untried = (
        f" ({ASSURANCES['not tried'].format(untried=cause.untried_count)})" if cause.untried_count else ""
    )
    return f"The same for {len(others)} more: {join_runs(others)}{untried}."


def _step_error(step: StepOutcome) -> str:
    text = str(step.error) if step.error else "it failed"
    return text if text.startswith(step.step.address) else f"{step.step.address}: {text}"
