"""Every error that portinfra raises; a class exists because the reaction to it differs.

PortinfraError
├ DeclarationError       the declaration cannot be read
├ ValidationError        it can be read and makes no sense, or this provider cannot do it
├ PolicyError            a rule, a protection or a quota refuses the plan
├ PlacementError         it does not fit into the environment's addresses or zones
├ StalePlanError         the world or the declaration changed since the plan was made
├ LeaseHeldError         another run changes this environment; LeaseLostError: it took this run's lease
├ ProviderError          a call to the provider failed
│ ├ NotFound  AlreadyExists  Conflict  PermissionDenied  InvalidRequest  Unsupported
│ ├ QuotaExceeded  NoCapacity
│ └ RateLimited  Unavailable  OutcomeUnknown                 (temporary)
├ NotReadyError          a host did not say within its limit that it is ready
├ WrongTypeError         an argument or attribute has a wrong type; it is a TypeError, too
├ UserCodeError          a function or command that the user declared has failed
└ ApplyError             some steps of an apply did not end well; run it again to resume
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from portinfra.base_errors import PortinfraError as PortinfraError
from portinfra.base_errors import WrongTypeError as WrongTypeError

CAUSES_MAX = 3
"""As many causes are in the one line of an ApplyError."""

if TYPE_CHECKING:
    from portinfra.model.finding import Finding
    from portinfra.model.lease import Holder
    from portinfra.model.location import Location
    from portinfra.model.outcome import Outcome


class DeclarationError(PortinfraError):
    """A declaration cannot be read: syntax, an unknown name, a wrong type. May hold several findings."""

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
        self.findings = tuple(findings)

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        return "\n".join([place + super().__str__(), *(str(finding) for finding in self.findings)])


class FindingsError(PortinfraError):
    """An error that carries findings, all at once."""

    def __init__(self, message: str, findings: "Sequence[Finding]", *, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(finding) for finding in self.findings)])


class ValidationError(FindingsError):
    """The topology makes no sense, or needs what the provider cannot do."""


class PolicyError(FindingsError):
    """A rule, a protection or a quota refuses the plan."""


class PlacementError(FindingsError):
    """The topology does not fit into the environment's addresses or zones."""


class StalePlanError(PortinfraError):
    """The world or the declaration changed since the plan was made."""

    fix = "Make a new plan, read it, and apply that."


class LeaseHeldError(PortinfraError):
    """Somebody else is changing this environment now."""

    holder: "Holder | None"
    since: str

    def __init__(self, holder: "Holder", since: str) -> None:
        super().__init__(
            f"{holder} has been changing this environment since {since}",
            fix="Wait for it to end. A lease whose holder died is taken over within a minute.",
        )
        self.holder = holder
        self.since = since


class LeaseLostError(LeaseHeldError):
    """Another run took this run for dead and has its lease now. This run has stopped."""

    def __init__(self, holder: "Holder | None" = None, since: str = "") -> None:
        taker = f"{holder} took this run's lease over" if holder else "this run's lease was taken from it"
        PortinfraError.__init__(
            self,
            f"{taker}{f' at {since}' if since else ''}: it had not been heard of for a minute",
            fix="Wait until the other run ends, then run this again: it continues what was begun.",
        )
        self.holder = holder
        self.since = since


class ProviderError(PortinfraError):
    """A call to a provider failed; the native error is its `__cause__`."""

    temporary: ClassVar[bool] = False
    tries_max: int | None = None
    """After so many equal failures in a row, the error is final; None: as its class says."""
    unreachable: bool = False
    """Whether nothing took the connection: the machine or its service is down, or still starting."""

    def __init__(
        self, message: str, *, provider: str = "", action: str = "", address: str = "", fix: str = ""
    ) -> None:
        super().__init__(message, fix=fix)
        self.provider = provider
        self.action = action
        self.address = address
        self.environment = ""
        """Where the call went, by name: of two ends of a recovery, which one."""

    def __str__(self) -> str:
        where = f"in {self.environment}" if self.environment and not self.address else ""
        place = " ".join(part for part in (self.address, self.action, where) if part)
        return f"{place}: {super().__str__()}" if place else super().__str__()


class NotFound(ProviderError):
    """What the call names is not there, or not visible yet."""


class AlreadyExists(ProviderError):
    """The name or address is taken."""


class Conflict(ProviderError):
    """Something else is in the way: it is in use, or in another state than the call needs."""


class PermissionDenied(ProviderError):
    """The credentials do not allow it, or speak for another account."""


class InvalidRequest(ProviderError):
    """The provider does not understand the call; a defect of the driver, or a value it cannot take."""


class Unsupported(ProviderError):
    """This provider cannot do it; said without a call."""


class QuotaExceeded(ProviderError):
    """The account may not have more of it."""


class NoCapacity(ProviderError):
    """The zone has none left to give now."""


AGAIN = "It was tried again and did not succeed. Wait a minute, then run the same command again."
"""What to do about an error that would have passed. A reader sees it only when the run has given up."""


class RateLimited(ProviderError):
    """Too many calls; nothing was done."""

    temporary = True
    fix = AGAIN


class Unavailable(ProviderError):
    """The provider cannot answer now; nothing was done."""

    temporary = True
    fix = AGAIN


class OutcomeUnknown(ProviderError):
    """The call was sent and no answer came: it may have been done or not."""

    temporary = True
    fix = AGAIN


class NotReadyError(PortinfraError):
    """A host did not say within its limit that it is ready."""

    def __init__(self, message: str, answer: str, *, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.answer = answer
        """What was asked last, and what the answer was. Nothing for evidence where data is sensitive."""

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.answer}"


class UserCodeError(PortinfraError):
    """A function or command that the user declared has failed. It says which one, and how."""


class ApplyError(PortinfraError):
    """Some steps did not end well. What was done stays done; the outcome lists every step."""

    fix = "Mend the cause and run it again: it goes on from what is there."

    def __init__(self, message: str, outcome: "Outcome") -> None:
        super().__init__(message)
        self.outcome = outcome
        for cause in self._causes[CAUSES_MAX:]:
            self.add_note(cause)  # a traceback shows it

    def __str__(self) -> str:
        """One line: how many steps failed, and the first causes."""
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
        """The first step's error, which says more than how many failed; itself where no step has one."""
        return next((step.error for step in self.outcome.steps if step.error), self)

    @property
    def first_line(self) -> str:
        """What happened at the first step that failed, in one line."""
        return str(self.first).partition("\n")[0]
