"""The one error of the simulator: the code and message of a cloud's refusal."""

from collections.abc import Mapping

from portinfra import errors

AGAIN = errors.AGAIN

KINDS: Mapping[str, tuple[type[errors.ProviderError], str]] = {
    "NotFound": (errors.NotFound, "Plan again: another person or program may have deleted it."),
    "AlreadyExists": (errors.AlreadyExists, "Rename or remove the other one."),
    "AddressConflict": (errors.Conflict, "Choose another cidr, or remove what has the address."),
    "InUse": (errors.Conflict, "Remove what uses it."),
    "IncorrectState": (errors.Conflict, "Wait until it is ready, and run it again."),
    "SnapshotLocked": (errors.InvalidRequest, "Wait until its lock is over."),
    "StaleToken": (errors.Conflict, "Run it again."),
    "AccessDenied": (errors.PermissionDenied, "Use credentials that may do this."),
    "InvalidRequest": (errors.InvalidRequest, "Correct the value that it names."),
    "QuotaExceeded": (errors.QuotaExceeded, "Ask for a higher quota, or lower a count."),
    "InsufficientCapacity": (errors.NoCapacity, "Choose another size or zone, or try later."),
    "Throttled": (errors.RateLimited, AGAIN),
    "ServiceUnavailable": (errors.Unavailable, AGAIN),
    "ConnectionLost": (errors.OutcomeUnknown, AGAIN),
}
"""Code → the error class of portinfra, and the fix."""


class FakeError(Exception):
    """A refused request, or one whose answer was lost (`ConnectionLost`)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
