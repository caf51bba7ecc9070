"""Errors that portinfra raises itself during an apply, and no provider raised."""

from collections.abc import Iterable, Mapping

from portinfra.errors import (
    Conflict,
    InvalidRequest,
    NoCapacity,
    PermissionDenied,
    ProviderError,
    QuotaExceeded,
    Unavailable,
    Unsupported,
)
from portinfra.format import duration, silent_line
from portinfra.model.address import Address
from portinfra.model.observed import Fault, Observed
from portinfra.model.resources import Spec
from portinfra.provider.interface import Call, Refuse, Wait
from portinfra.provider.own_code import DEFECT_FIX
from portinfra.value import frozen


@frozen
class Blame:
    """The provider and the resource of an error."""

    provider: str
    address: Address


_LOOK = "Wait and run the same command again, or check the resource in the provider's console."

_FAULT_FIXES: Mapping[type[ProviderError], str] = {
    NoCapacity: "Wait and run the same command again, or choose another size or zone.",
    PermissionDenied: "Find out in the provider's console what denies it. Then run the same command again.",
    QuotaExceeded: "Request a higher quota, or lower a count. Then run the same command again.",
    InvalidRequest: "Correct the value that the error names. Then run the same command again.",
    Unsupported: "Choose another size or zone. Then run the same command again.",
}
"""The advice for a fault whose driver gives none. It is true for every cause of that class."""


def faulty(blame: Blame, fault: Fault, action: str = "") -> ProviderError:
    """Return the error of a call that the provider accepted and that failed later."""
    return fault.error(
        f"the call was accepted and then failed: {fault}",
        provider=blame.provider,
        address=blame.address,
        action=action,
        fix=fault.fix or _FAULT_FIXES.get(fault.error, _LOOK),
    )


def fell_back(blame: Blame, call: Call, seen: Observed[Spec] | None, last: Exception | None) -> Exception:
    """Return the error of a call that was accepted and then changed nothing.

    The reason comes from the resource, or from `last`, the provider's answer to the same call.
    """
    if seen is not None and seen.failed_change:
        return faulty(blame, seen.failed_change, call.action)
    if last is not None:
        return last
    return Conflict(
        "the call was accepted, and then nothing changed",
        provider=blame.provider,
        address=blame.address,
        action=call.action,
        fix="Check in the provider's console what prevents the change. Then run the same command again.",
    )


def refusal(blame: Blame, refuse: Refuse) -> ProviderError:
    """Return the error of a driver that refuses to continue."""
    return ProviderError(refuse.reason, provider=blame.provider, address=blame.address, fix=refuse.fix)


def defect(blame: Blame, error: Exception) -> ProviderError:
    """Return the error of a driver's own code, with the resource that it concerns."""
    if isinstance(error, ProviderError):
        error.provider = error.provider or blame.provider
        error.address = error.address or blame.address
        return error
    broken = ProviderError(
        f"{type(error).__name__}: {error}",
        provider=blame.provider,
        address=blame.address,
        fix=DEFECT_FIX,
    )
    broken.__cause__ = error
    return broken


def no_answer(blame: Blame, silent: Iterable[str]) -> ProviderError:
    """Return the error of a resource that may exist in zones that do not answer."""
    return Unavailable(
        f"{silent_line(silent)}, so it is not known whether it exists there",
        provider=blame.provider,
        address=blame.address,
        fix="Wait, then run the same command again. plan and apply can leave the zone out: --without-zone.",
    )


def endless(blame: Blame, call: Call, last: Exception | None) -> ProviderError:
    """Return the error of a step whose calls never reach the wanted state; `last` is its last error."""
    reason = f"; the last error was: {last}" if last else ""
    return ProviderError(
        f"it is not as declared after many calls, and needs {call.action} again{reason}",
        provider=blame.provider,
        address=blame.address,
        fix="Check in the provider's console what undoes each change, or wait until its lists are up to "
        "date. Then run the same command again.",
    )


def not_captured(blame: Blame, waited: float) -> ProviderError:
    """Return the error of a snapshot that is not captured when its freeze ends; `waited` is in seconds."""
    return Unavailable(
        f"its data was not captured {duration(waited)} after the request, when the freeze had to end",
        provider=blame.provider,
        address=blame.address,
        fix="Set a longer freeze_limit, and check that the service tolerates it.",
    )


def not_ready(blame: Blame, wait: Wait, waited: float) -> ProviderError:
    """Return the error of a resource that does not become ready; `waited` is in seconds."""
    return Unavailable(
        f"still {wait.reason} after {waited / 60:.0f} minutes",
        provider=blame.provider,
        address=blame.address,
        fix="Check the resource in the provider's console, then run the same command again.",
    )
