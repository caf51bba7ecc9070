"""What `check` found."""

from attrs import frozen

from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.policy.waivers import Waived
from portinfra.reach import Reach


@frozen
class Report:
    """Every finding, what is waived and why, and who can reach whom."""

    placed: Placed
    reach: Reach
    """By the declaration."""
    findings: tuple[Finding, ...]
    """Errors first, then warnings, then notes."""
    waived: tuple[Waived, ...]
    observation: Observation | None = None
    """What is there, where it was asked for."""
    there: Reach | None = None
    """By what is there, where it was asked for."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop an apply."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity is severity)
