"""How the command line ends: its exit codes, and the errors that are its own."""

from enum import IntEnum

from portinfra.errors import LeaseHeldError, LeaseLostError, PolicyError, PortinfraError, StalePlanError


class Exit(IntEnum):
    """The exit codes, the same for every command."""

    DONE = 0
    FAILED = 1
    """Something failed, or the declaration is bad."""
    USAGE = 2
    """The command line makes no sense. Also `plan --detailed-exitcode` and `status`: something differs."""
    REFUSED = 3
    """A policy, a lease, a protection, a stale plan, or no consent: nothing was done."""
    INTERRUPTED = 130
    """By Ctrl-C, by SIGTERM, or because the terminal went away."""

    DIFFERS = USAGE


class Misuse(PortinfraError):
    """The command line makes no sense: an unknown name, or options that exclude one another."""


class Unconfirmed(PortinfraError):
    """Nobody agreed to a change."""


class Interrupted(PortinfraError):
    """Ctrl-C. The calls that were under way have ended."""


_REFUSALS = (PolicyError, LeaseHeldError, StalePlanError, Unconfirmed)


def exit_code(error: Exception) -> Exit:
    """The exit code that an error ends with."""
    if isinstance(error, LeaseLostError):  # unlike a lease that another run has: something may be done
        return Exit.FAILED
    if isinstance(error, _REFUSALS):
        return Exit.REFUSED
    if isinstance(error, Misuse):
        return Exit.USAGE
    return Exit.INTERRUPTED if isinstance(error, Interrupted) else Exit.FAILED
