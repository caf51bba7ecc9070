"""Whether to ask again, and how long to wait first. The only module that knows tenacity."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from portinfra.provider.interface import Clock

T = TypeVar("T")

ATTEMPTS_MAX = 10
"""After so many tries in a row that change nothing, a step fails."""

_WAIT = wait_exponential(multiplier=0.5, max=30)
_STOP = stop_after_attempt(ATTEMPTS_MAX)
_RETRYING = Retrying(wait=_WAIT, stop=_STOP)


def delay(attempt: int) -> float:
    """Seconds to wait after the attempt with this number, counted from 1."""
    return float(_WAIT(_state(attempt)))


def exhausted(attempt: int) -> bool:
    """Whether the attempt with this number was the last."""
    return bool(_STOP(_state(attempt)))


def insist(ask: Callable[[], T], clock: Clock, again: Callable[[BaseException], bool]) -> T:
    """Ask until there is an answer, or an error after which one may not ask `again`, or patience ends."""
    retrying = Retrying(
        wait=_WAIT,
        stop=_STOP,
        retry=retry_if_exception(again),
        sleep=lambda seconds: clock.sleep_until(clock.now() + seconds),
        reraise=True,
    )
    return retrying(ask)


def _state(attempt: int) -> RetryCallState:
    state = RetryCallState(_RETRYING, None, (), {})
    state.attempt_number = attempt
    return state
