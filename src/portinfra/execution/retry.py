"""Whether to ask again, and how long to wait first. The only module that knows tenacity."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from portinfra.provider.interface import Call

T = TypeVar("T")

ATTEMPTS_MAX = 14
"""After so many tries in a row that change nothing (some four minutes), a step fails."""

PLACE_ATTEMPTS_MAX = 10
"""A place that does not answer is unknown after two minutes: there are others to go on with."""

_WAIT = wait_exponential(multiplier=0.5, max=30)
_RETRYING = Retrying(wait=_WAIT)


def patience(call: Call) -> int:
    """How many tries in a row a call is worth."""
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
    attempts: int,
) -> T:
    """Ask until there is an answer, or an error after which one may not ask `again`, or patience ends."""
    retrying = Retrying(
        wait=_WAIT,
        stop=stop_after_attempt(attempts),
        retry=retry_if_exception(again),
        sleep=pause,
        reraise=True,
    )
    return retrying(ask)
