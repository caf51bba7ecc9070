"""The number of tries of a call, and the waits between them."""

from collections.abc import Callable
from typing import TypeVar

from portinfra.errors import ProviderError
from portinfra.provider.interface import Call

T = TypeVar("T")

ATTEMPTS_MAX = 14
"""The most tries of a step without progress, about four minutes."""

FIRST_ATTEMPTS_MAX = 6
"""The most tries of a provider that has never answered, about 16 seconds: its address is probably wrong."""

PLACE_ATTEMPTS_MAX = 10
"""The most tries of a place that does not answer, about two minutes: the run continues with others."""

UNREACHABLE_ATTEMPTS_MAX = 3
"""The most tries of a place that refuses connections, about two seconds: it is down, and not slow."""

REPORTED_TRIES = (4, 8, 12)
"""The numbers of failed tries after which the error is reported to people."""

FIRST_DELAY_SECONDS = 0.5
"""The wait after the first failed try. Each later wait is twice as long."""

DELAY_SECONDS_MAX = 30.0


def patience(call: Call, error: BaseException | None = None, *, answered: bool = True) -> int:
    """Return the most tries in a row of a call whose last error is `error`.

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
    """Call `ask` until it returns, fails with an error that `again` rejects, or `attempts` are used up.

    The number of attempts may depend on the last error.
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
