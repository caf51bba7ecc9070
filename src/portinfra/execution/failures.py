"""Errors that no provider raised: what an apply found out by itself, in its own words."""

from collections.abc import Iterable, Mapping

from attrs import frozen

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
from portinfra.format import silent_line
from portinfra.model.address import Address
from portinfra.model.observed import Fault, Observed
from portinfra.model.resources import Spec
from portinfra.provider.interface import Call, Refuse, Wait
from portinfra.provider.own_code import DEFECT_FIX


@frozen
class Blame:
    """Whom it concerns."""

    provider: str
    address: Address


_LOOK = "Wait and run it again, or look at it in the provider's console."

_FAULT_FIXES: Mapping[type[ProviderError], str] = {
    NoCapacity: "Wait and run it again, or choose another size or zone.",
    PermissionDenied: "Look at it in the provider's console: something denies it. Then run it again.",
    QuotaExceeded: "Ask for a higher quota, or lower a count. Then run it again.",
    InvalidRequest: "Correct the value that it names. Then run it again.",
    Unsupported: "Choose another size or zone. Then run it again.",
}
"""The advice for a fault whose driver gives none: what is true of every cause of that class."""


def faulty(blame: Blame, fault: Fault, action: str = "") -> ProviderError:
    """Return the error of what the provider accepted and then did not do."""
    return fault.error(
        f"it was accepted and then failed: {fault}",
        provider=blame.provider,
        address=blame.address,
        action=action,
        fix=fault.fix or _FAULT_FIXES.get(fault.error, _LOOK),
    )


def fell_back(blame: Blame, call: Call, seen: Observed[Spec] | None, last: Exception | None) -> Exception:
    """Return the error of a call that was accepted and then changed nothing.

    The resource tells the reason, or the provider has told it in `last` when it was asked again.
    """
    if seen is not None and seen.failed_change:
        return faulty(blame, seen.failed_change, call.action)
    if last is not None:
        return last
    return Conflict(
        "it was accepted, and then nothing changed",
        provider=blame.provider,
        address=blame.address,
        action=call.action,
        fix="Look at it in the provider's console: something keeps it as it is. Then run it again.",
    )


def refusal(blame: Blame, refuse: Refuse) -> ProviderError:
    """The driver has no way from here."""
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
    """Nobody can say whether it is there."""
    return Unavailable(
        f"{silent_line(silent)}, and may have it or not",
        provider=blame.provider,
        address=blame.address,
        fix="Wait for it and run this again, or work elsewhere meanwhile: --without-zone.",
    )


def endless(blame: Blame, call: Call, last: Exception | None) -> ProviderError:
    """It asks for call after call, and none brings it nearer. `last` is the last error on the way, if any."""
    said = f"; the last error was: {last}" if last else ""
    return ProviderError(
        f"it is not as wanted after all its calls, and asks for {call.action} again{said}",
        provider=blame.provider,
        address=blame.address,
        fix="Look at it in the provider's console: something undoes each change, or lists lag for too long.",
    )


def not_ready(blame: Blame, wait: Wait, waited: float) -> ProviderError:
    """It does not become ready; `waited` in seconds."""
    return Unavailable(
        f"still {wait.reason} after {waited / 60:.0f} minutes",
        provider=blame.provider,
        address=blame.address,
        fix="Look at it in the provider's console, then run this again.",
    )
