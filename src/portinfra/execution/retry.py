"""Whether to make a call again, and how long to wait first."""

from collections.abc import Callable
from typing import TypeVar

from portinfra.errors import ProviderError
from portinfra.provider.interface import Call

T = TypeVar("T")

ATTEMPTS_MAX = 14
"""After so many failed tries without progress (some four minutes), a step fails."""

FIRST_ATTEMPTS_MAX = 6
"""What has never answered is rather at another address than down for a moment: some sixteen seconds."""

PLACE_ATTEMPTS_MAX = 10
"""A place that does not answer is unknown after two minutes: there are others to go on with."""

UNREACHABLE_ATTEMPTS_MAX = 3
"""A place that takes no connection is unknown after two seconds: nothing there is merely slow."""

TOLD = (4, 8, 12)
"""The tries after which people are told what keeps a step from going on."""

FIRST_DELAY_SECONDS = 0.5
"""The wait after the first failed try. Each later wait is twice as long."""

DELAY_SECONDS_MAX = 30.0


def patience(call: Call, error: BaseException | None = None, *, answered: bool = True) -> int:
    """Return how many tries in a row a call is worth that failed with `error` at last.

    `answered`: whether the provider has answered any call before.
    """
    limits = [ATTEMPTS_MAX if call.place is None else PLACE_ATTEMPTS_MAX]
    if call.optional:
        limits.append(1)
    if not answered:
        limits.append(FIRST_ATTEMPTS_MAX)
    if isinstance(error, ProviderError):
        if error.tries_max is not None:
            limits.append(error.tries_max)
        if error.unreachable and call.place is not None:
            limits.append(UNREACHABLE_ATTEMPTS_MAX)
    return min(limits)


def delay(attempt: int) -> float:
    """Return how many seconds to wait after the attempt with this number, counted from 1."""
    return min(DELAY_SECONDS_MAX, FIRST_DELAY_SECONDS * 2.0 ** (attempt - 1))


def insist(
    ask: Callable[[], T],
    pause: Callable[[float], None],
    again: Callable[[BaseException], bool],
    attempts: Callable[[BaseException], int] = lambda error: ATTEMPTS_MAX,
) -> T:
    """Call `ask` until it returns, fails with an error that `again` rejects, or `attempts` are used up: their
    number may change with the last error.
    """
    attempt = 1
    while True:
        try:
            return ask()
        except BaseException as error:
            if attempt >= attempts(error) or not again(error):
                raise
        pause(delay(attempt))
        attempt += 1
