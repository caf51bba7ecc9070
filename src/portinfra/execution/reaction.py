"""The reaction to a failed call: each kind of error has one."""

from enum import Enum

from portinfra.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    Unavailable,
    Unsupported,
)
from portinfra.execution import retry
from portinfra.model.observed import Fault
from portinfra.provider.interface import Call

TAKEN_MAX = 3
"""After so many reads that show no resource of ours with a taken name, the name is of a foreign resource."""


FORBIDDEN_MAX = 3
"""The number of refused deletions before a step fails; portinfra reads the resource after each of the others.

If the permission to delete depends on a tag, a cloud refuses the deletion of a missing resource, too.
"""


FAULTS_MAX = 2
"""After so many faults of a created resource, the same run does not create it again."""


class Reaction(Enum):
    """How a step continues after an error."""

    REPEAT = "repeat"
    """Make the same call again later: nothing was done, or a second call changes nothing."""
    LOOK = "look"
    """Read the resource, then ask the driver again."""
    GIVE_UP = "give up"
    """Fail the step: another try would not help."""


def repeatable(error: BaseException, call: Call) -> bool:
    """Return whether a repeated call is right: nothing was done, or a second call changes nothing."""
    if isinstance(error, OutcomeUnknown):
        return call.safe or call.reads
    return isinstance(error, RateLimited | Unavailable)


def reaction(error: Exception, call: Call, tries: int, taken: int = 0, equal: int = 1) -> Reaction:
    """Return the reaction to an error after `tries` failures in a row, counted from 1.

    In `taken` of these, the name was taken. The last `equal` had the same text.
    """
    if tries >= retry.patience(call) or taken > TAKEN_MAX or _is_hopeless(error, equal):
        return Reaction.GIVE_UP
    if repeatable(error, call):
        return Reaction.REPEAT
    if isinstance(error, OutcomeUnknown | AlreadyExists | NotFound | Conflict):
        return Reaction.LOOK
    if isinstance(error, PermissionDenied) and call.after is None and tries < FORBIDDEN_MAX:
        return Reaction.LOOK
    return Reaction.GIVE_UP


def _is_hopeless(error: Exception, equal: int) -> bool:
    """Return whether an error with a limit of tries has reached it, after `equal` tries in a row."""
    return isinstance(error, ProviderError) and error.tries_max is not None and equal >= error.tries_max


def is_final(fault: Fault, faults: int) -> bool:
    """Return whether a new creation would end in the same way, after `faults` faults, counted from 1."""
    certain = issubclass(fault.error, PermissionDenied | InvalidRequest | Unsupported | QuotaExceeded)
    return certain or faults >= FAULTS_MAX
