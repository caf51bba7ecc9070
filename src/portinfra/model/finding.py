"""A finding: what is wrong or worth knowing, where, and what to do about it."""

from enum import StrEnum

from portinfra.model.location import Location
from portinfra.value import frozen


class Severity(StrEnum):
    """The severity of a finding. An error stops an apply, a warning is shown, and a note is only recorded."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Finding:
    """One finding. A step gathers all findings and shows them at once."""

    rule: str
    """A stable id: `topology/unknown-role`."""
    message: str
    """What is wrong, in one line."""
    fix: str = ""
    """What to do, in one line."""
    severity: Severity = Severity.ERROR
    subject: str = ""
    """The address or attribute that it is about: `role.web.size`. A line break in a name is shown as `\\n`.
    """
    location: Location | None = None
    """The line of the attribute that the subject names, where that is known."""
    observed: bool = False
    """Whether it is about existing resources, and not already about the declaration."""

    def __attrs_post_init__(self) -> None:
        if self.location is not None:
            object.__setattr__(self, "location", self.location.of(self.subject))
        if not self.subject.isprintable():
            object.__setattr__(self, "subject", _printable(self.subject))

    def __str__(self) -> str:
        place = f"{self.location.exact}: " if self.location else ""
        subject = f"{self.subject}: " if self.subject else ""
        fix = f"\n  {self.fix}" if self.fix else ""
        return f"{place}{subject}{self.message}{fix}"


def _printable(text: str) -> str:
    """Return a text with an escape code for each character that would move or colour a terminal's output."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
