"""Something wrong, or worth knowing: what, where, and what to do about it."""

from enum import StrEnum

from attrs import frozen

from portinfra.model.location import Location


class Severity(StrEnum):
    """An error stops an apply; a warning is shown; a note is for the record."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Finding:
    """One finding. All findings of a step are gathered and shown at once, never one at a time."""

    rule: str
    """A stable id: `topology/unknown-role`."""
    message: str
    """One line of what is wrong."""
    fix: str = ""
    """One line of what to do."""
    severity: Severity = Severity.ERROR
    subject: str = ""
    """The address or attribute that it is about: `role.web.size`. A new line in a name is shown as `\\n`."""
    location: Location | None = None
    """Where it was written: the line of the attribute that the subject names, where that is known."""
    observed: bool = False
    """Whether it is about what is there, and not already about what is declared."""

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
    """Return a text with a code for each character that would move or colour what a terminal shows."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
