"""Whether to ask again, and how long to wait first. The only module that knows tenacity."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential

from portinfra.provider.interface import Call

T = TypeVar("T")

ATTEMPTS_MAX = 14
"""After so many failed tries without progress (some four minutes), a step fails."""

FIRST_ATTEMPTS_MAX = 6
"""What has never answered is rather at another address than down for a moment: some sixteen seconds."""

PLACE_ATTEMPTS_MAX = 10
"""A place that does not answer is unknown after two minutes: there are others to go on with."""

TOLD = (4, 8, 12)
"""The tries after which people are told what keeps a step from going on."""

_WAIT = wait_exponential(multiplier=0.5, max=30)
_RETRYING = Retrying(wait=_WAIT)


def patience(call: Call, *, answered: bool = True) -> int:
    """How many tries in a row a call is worth, of a provider that has `answered` before, or not yet."""
    if call.optional:
        return 1
    if not answered:
        return FIRST_ATTEMPTS_MAX
    return ATTEMPTS_MAX if call.place is None else PLACE_ATTEMPTS_MAX


def delay(attempt: int) -> float:
    """Seconds to wait after the attempt with this number, counted from 1."""
    state = RetryCallState(_RETRYING, None, (), {})
    state.attempt_number = attempt
    return float(_WAIT(state))


def insist(
    ask: Callable[[], T],
    pause: Callable[[float], None],
    again: Callable[[BaseException], bool],
    attempts: Callable[[], int] = lambda: ATTEMPTS_MAX,
) -> T:
    """Ask until there is an answer, or an error after which one may not ask `again`, or patience ends: it may
    grow with what the errors tell.
    """
    retrying = Retrying(
        wait=_WAIT,
        stop=lambda state: state.attempt_number >= attempts(),
        retry=retry_if_exception(again),
        sleep=pause,
        reraise=True,
    )
    return retrying(ask)
