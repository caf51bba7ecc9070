"""What to do about a failed call: each kind of error has one reaction."""

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
"""A name that is taken, though nothing of ours bears it after so many looks, is somebody else's."""


FORBIDDEN_MAX = 3
"""Where leave to delete hangs on an owner's tag, what is gone is forbidden, not missing: so often it is
looked for first.
"""


FAULTS_MAX = 2
"""A resource that fails so often after it was accepted is not created again by the same run."""


class Reaction(Enum):
    """How a step goes on after an error."""

    REPEAT = "repeat"
    """Make the same call again after a while: nothing was done, or doing it twice changes nothing."""
    LOOK = "look"
    """Look at what is there, then ask the driver again."""
    GIVE_UP = "give up"
    """It will not get better by itself."""


def repeatable(error: BaseException, call: Call) -> bool:
    """Whether making the call again is right: nothing was done, or doing it twice changes nothing."""
    if isinstance(error, OutcomeUnknown):
        return call.safe or call.reads
    return isinstance(error, RateLimited | Unavailable)


def reaction(error: Exception, call: Call, tries: int, taken: int = 0, equal: int = 1) -> Reaction:
    """Return the reaction to an error after `tries` failures in a row, counted from 1.

    Of these, `taken` found the name taken, and the last `equal` had the same text.
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
    """Whether an error that the provider calls final has come back `equal` times in a row."""
    return isinstance(error, ProviderError) and error.tries_max is not None and equal >= error.tries_max


def is_final(fault: Fault, faults: int) -> bool:
    """Whether creating it again ends in the same way, after so many faults of it, counted from 1."""
    certain = issubclass(fault.error, PermissionDenied | InvalidRequest | Unsupported | QuotaExceeded)
    return certain or faults >= FAULTS_MAX
