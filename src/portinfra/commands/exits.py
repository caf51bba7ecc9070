"""The exit codes of the command line, and its own errors."""

from enum import IntEnum

from portinfra.errors import (
    LeaseHeldError,
    LeaseLostError,
    PolicyError,
    PortinfraError,
    StalePlanError,
    UnknownNameError,
)


class Exit(IntEnum):
    """The exit codes, the same for every command."""

    DONE = 0
    FAILED = 1
    """Something failed, or the declaration has errors."""
    USAGE = 2
    """The command line is wrong. In `plan --detailed-exitcode` and `status`: something differs."""
    REFUSED = 3
    """A policy, a lease, a protection, a stale plan or a missing confirmation refused: nothing was done."""
    INTERRUPTED = 130
    """Ctrl-C, SIGTERM or a closed terminal ended the run."""

    DIFFERS = USAGE


class Misuse(PortinfraError):
    """An error of the command line: an unknown name, or options that exclude one another."""


class Unconfirmed(PortinfraError):
    """A change that the user did not confirm."""


class EditedFileError(PortinfraError):
    """A command would replace files of a person or of another topology. It wrote nothing."""


class Interrupted(PortinfraError):
    """An interruption by Ctrl-C. The calls that were in progress have ended."""


_REFUSALS = (PolicyError, LeaseHeldError, StalePlanError, Unconfirmed, EditedFileError)


def exit_code(error: Exception) -> Exit:
    """Return the exit code of an error."""
    if isinstance(error, LeaseLostError):  # unlike with LeaseHeldError, something may have changed
        return Exit.FAILED
    if isinstance(error, Misuse | UnknownNameError):
        return Exit.USAGE
    if isinstance(error, _REFUSALS):
        return Exit.REFUSED
    return Exit.INTERRUPTED if isinstance(error, Interrupted) else Exit.FAILED
