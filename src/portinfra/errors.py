"""Every error that portinfra raises. Each class needs a different reaction.

PortinfraError
├ DeclarationError       the declaration cannot be read
├ ValidationError        the declaration makes no sense, or this provider cannot do it
├ PolicyError            a rule, a protection or a quota refuses the plan
│ └ UnknownNameError     a point, volume or approval that does not exist
├ PlacementError         the topology does not fit into the environment's addresses or zones
├ StalePlanError         resources or the declaration changed since the plan was made
├ LeaseHeldError         another run changes this environment; LeaseLostError: that run took this run's lease
├ ProviderError          a call to the provider failed
│ ├ NotFound  AlreadyExists  Conflict  PermissionDenied  InvalidRequest  Unsupported
│ ├ QuotaExceeded  NoCapacity
│ └ RateLimited  Unavailable  OutcomeUnknown                 (temporary)
├ NotReadyError          a host did not report within its limit that it is ready
├ WrongTypeError         an argument or attribute has a wrong type; it is a TypeError, too
├ UserCodeError          a function or command that the user declared has failed
└ ApplyError             some steps of an apply did not end well; run it again to resume
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from portinfra.base_errors import PortinfraError as PortinfraError
from portinfra.base_errors import WrongTypeError as WrongTypeError
from portinfra.format import moment

CAUSES_MAX = 3
"""The one line of an ApplyError contains at most so many causes."""

if TYPE_CHECKING:
    from portinfra.model.finding import Finding
    from portinfra.model.lease import Holder
    from portinfra.model.location import Location
    from portinfra.model.outcome import Outcome


class DeclarationError(PortinfraError):
    """A declaration cannot be read: syntax, an unknown name, a wrong type. It may have several findings."""

    def __init__(
        self,
        message: str,
        *,
        location: "Location | None" = None,
        fix: str = "",
        findings: "Sequence[Finding]" = (),
    ) -> None:
        super().__init__(message, fix=fix)
        self.location = location
        self.findings: tuple[Finding, ...] = tuple(findings)

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        return "\n".join([place + super().__str__(), *(str(finding) for finding in self.findings)])


class FindingsError(PortinfraError):
    """An error with all findings at once."""

    def __init__(self, message: str, findings: "Sequence[Finding]", *, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.findings: tuple[Finding, ...] = tuple(findings)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(finding) for finding in self.findings)])


class ValidationError(FindingsError):
    """The topology makes no sense, or needs what the provider cannot do."""


class PolicyError(FindingsError):
    """A rule, a protection or a quota refuses the plan."""


class UnknownNameError(PolicyError):
    """A recovery verb was given the name of a point, volume or approval that does not exist."""

    def __init__(self, findings: "Sequence[Finding]") -> None:
        super().__init__(findings[0].message if len(findings) == 1 else "names are unknown", findings)


class PlacementError(FindingsError):
    """The topology does not fit into the environment's addresses or zones."""


class StalePlanError(PortinfraError):
    """Resources or the declaration changed since the plan was made."""

    fix = "Make a new plan, read it, and apply that."


class LeaseHeldError(PortinfraError):
    """Another run changes this environment now."""

    holder: "Holder | None"
    since: str

    def __init__(self, holder: "Holder", since: str) -> None:
        super().__init__(
            f"{holder} has been changing this environment since {moment(since)}",
            fix="Wait for it to end. If its process has died, its lease can be taken after a minute.",
        )
        self.holder = holder
        self.since = since


class LeaseLostError(LeaseHeldError):
    """Another run considered this run dead and has its lease now. This run has stopped."""

    def __init__(self, holder: "Holder | None" = None, since: str = "") -> None:
        taker = f"{holder} took this run's lease over" if holder else "this run's lease was taken from it"
        PortinfraError.__init__(
            self,
            f"{taker}{f' at {moment(since)}' if since else ''}: this run had not renewed it for a minute",
            fix="Wait until the other run ends, then run the same command again: it continues.",
        )
        self.holder = holder
        self.since = since


class ProviderError(PortinfraError):
    """A call to a provider failed; the native error is its `__cause__`."""

    temporary: ClassVar[bool] = False
    tries_max: int | None = None
    """How many equal failures in a row make the error final. None: as the class defines."""
    unreachable: bool = False
    """Whether nothing accepted the connection: the machine or its service is down, or still starting."""

    def __init__(
        self, message: str, *, provider: str = "", action: str = "", address: str = "", fix: str = ""
    ) -> None:
        super().__init__(message, fix=fix)
        self.provider = provider
        self.action = action
        self.address = address
        self.environment = ""
        """The environment of the call, by name: of a recovery, one of its two ends."""

    def __str__(self) -> str:
        where = f"in {self.environment}" if self.environment and not self.address else ""
        place = " ".join(part for part in (self.address, self.action, where) if part)
        return f"{place}: {super().__str__()}" if place else super().__str__()


class NotFound(ProviderError):
    """What the call names does not exist, or is not visible yet."""


class AlreadyExists(ProviderError):
    """The name or address is taken."""


class Conflict(ProviderError):
    """Another resource prevents the call: it is in use, or in another state than the call needs."""


class PermissionDenied(ProviderError):
    """The credentials do not permit the call, or belong to another account."""


class InvalidRequest(ProviderError):
    """The provider does not accept the call: a defect of the driver, or an invalid value."""


class Unsupported(ProviderError):
    """This provider cannot do it. portinfra knows that without a call."""


class QuotaExceeded(ProviderError):
    """The account may not have more of it."""


class NoCapacity(ProviderError):
    """The zone has no free capacity now."""


AGAIN = "portinfra tried it again without success. Wait a minute, then run the same command again."
"""What to do about a temporary error. A user sees it only when the run has used up its tries."""


class RateLimited(ProviderError):
    """Too many calls. The provider did nothing."""

    temporary = True
    fix = AGAIN


class Unavailable(ProviderError):
    """The provider cannot answer now, and did nothing."""

    temporary = True
    fix = AGAIN


class OutcomeUnknown(ProviderError):
    """The call was sent and no answer came. The provider may have done it or not."""

    temporary = True
    fix = AGAIN


class NotReadyError(PortinfraError):
    """A host did not report within its limit that it is ready."""

    def __init__(self, message: str, answer: str, *, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.answer = answer
        """The last result of its check. Evidence does not contain it if data is sensitive."""

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.answer}"


class UserCodeError(PortinfraError):
    """A function or command that the user declared has failed. The error names it, and says how it failed."""


class ApplyError(PortinfraError):
    """Some steps did not end well. Finished steps stay; the outcome lists every step."""

    fix = "Correct the cause and run the same command again: it continues from what exists."

    def __init__(self, message: str, outcome: "Outcome") -> None:
        super().__init__(message)
        self.outcome = outcome
        for cause in self._causes[CAUSES_MAX:]:
            self.add_note(cause)  # a traceback shows it

    def __str__(self) -> str:
        """Return one line: how many steps failed, and the first causes."""
        causes = self._causes
        more = len(causes) - CAUSES_MAX
        shown = "; ".join(causes[:CAUSES_MAX]) + (f"; and {more} more" if more > 0 else "")
        return f"{self.args[0]}: {shown}" if shown else str(self.args[0])

    @property
    def _causes(self) -> list[str]:
        """Why it did not end well, each cause once."""
        return [
            *map(str, self.outcome.causes),
            *(f"{change.action} {change.address}: {change.reason}" for change in self.outcome.drift),
        ]

    @property
    def first(self) -> Exception:
        """The first step's error, which is more specific. If no step has one, this error."""
        return next((step.error for step in self.outcome.steps if step.error), self)

    @property
    def first_line(self) -> str:
        """What happened at the first step that failed, in one line."""
        return str(self.first).partition("\n")[0]
