"""The report of `check`."""

from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.policy.waivers import Waived
from portinfra.reach import Reach
from portinfra.value import frozen


@frozen
class Report:
    """Every finding, what is waived and why, and who can reach whom."""

    placed: Placed
    reach: Reach
    """Who can reach whom, by the declaration."""
    findings: tuple[Finding, ...]
    """Errors first, then warnings, then notes."""
    waived: tuple[Waived, ...]
    observation: Observation | None = None
    """The existing resources, where they were observed."""
    there: Reach | None = None
    """Who can reach whom, by the existing resources, where they were observed."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop an apply."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity is severity)
