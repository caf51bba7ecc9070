"""The workers that make calls: several threads or, for tests, the caller's own thread."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from portinfra.value import frozen

Work = Callable[[], object]

Ticket = Callable[["Completion"], None]
"""A function that the run calls with a completion."""


@frozen
class Completion:
    """The result or the error of a piece of work that has ended."""

    ticket: Ticket
    result: object = None
    error: Exception | None = None
    crash: BaseException | None = None
    """An error that is no `Exception`, and ends the run."""


class Workers(Protocol):
    """A pool that does work, and returns completions."""

    size: int
    """The number of pieces of work at the same time."""

    @property
    def under_way(self) -> int:
        """The number of pieces of work whose completion `next` has not returned."""

    def submit(self, ticket: Ticket, work: Work) -> None:
        """Begin a piece of work. Its completion has the ticket."""

    def next(self, timeout: float | None) -> Completion | None:
        """Return the next completion; None: there was none within `timeout` seconds."""

    def close(self) -> None:
        """Wait for the work in progress."""


def _complete(ticket: Ticket, work: Work) -> Completion:
    try:
        return Completion(ticket, work())
    except Exception as error:
        return Completion(ticket, error=error)


def _surely_complete(ticket: Ticket, work: Work) -> Completion:
    try:
        return _complete(ticket, work)
    except BaseException as crash:
        return Completion(ticket, crash=crash)


class Threads:
    """Several threads that make one call at a time each, and one more that is free for renewals."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(size + 1, thread_name_prefix="portinfra")
        self._futures: dict[Future[Completion], None] = {}

    @property
    def under_way(self) -> int:
        """The number of pieces of work whose completion `next` has not returned.

        The caller does not count them: an interrupt may come between any two lines of a caller.
        """
        return len(self._futures)

    def submit(self, ticket: Ticket, work: Work) -> None:
        """Give a piece of work to a free thread. Its completion has every error that it raises."""
        self._futures[self._pool.submit(_surely_complete, ticket, work)] = None

    def next(self, timeout: float | None) -> Completion | None:
        """Return a completion; of several, that of the work that was submitted first."""
        done = wait(self._futures, timeout, FIRST_COMPLETED).done
        for future in self._futures:
            if future in done:
                del self._futures[future]
                return future.result()
        return None

    def close(self) -> None:
        """Wait for the threads to end."""
        self._pool.shutdown(wait=True)


class Inline:
    """The calling thread itself, so that each run with a crash at call k is equal."""

    size = 1

    def __init__(self) -> None:
        self._completions: deque[Completion] = deque()

    @property
    def under_way(self) -> int:
        """The number of completions that `next` has not returned."""
        return len(self._completions)

    def submit(self, ticket: Ticket, work: Work) -> None:
        """Do the work now. An error that is no `Exception` (a crash, an interrupt) passes through."""
        self._completions.append(_complete(ticket, work))

    def next(self, timeout: float | None) -> Completion | None:
        """Return the oldest completion; None: there is none."""
        return self._completions.popleft() if self._completions else None

    def close(self) -> None:
        """Do nothing: no work is ever in progress."""
