"""Who makes the calls: several threads, or for tests the caller's own, one at a time."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from attrs import frozen

Work = Callable[[], object]

Ticket = Callable[["Completion"], None]
"""What the run does with a completion."""


@frozen
class Completion:
    """One piece of work that has ended: its result, or its error."""

    ticket: Ticket
    result: object = None
    error: Exception | None = None
    crash: BaseException | None = None
    """What is no `Exception`, and ends the run."""


class Workers(Protocol):
    """Something that does work and tells when it is done."""

    size: int
    """How many pieces of work it takes at once."""

    @property
    def under_way(self) -> int:
        """How many pieces of work have a completion that `next` has not returned."""

    def submit(self, ticket: Ticket, work: Work) -> None:
        """Have work done; its completion bears the ticket."""

    def next(self, timeout: float | None) -> Completion | None:
        """The next completion; None when none came within `timeout` seconds."""

    def close(self) -> None:
        """Wait for what is under way."""


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
    """Several threads, each making one call at a time; and one that is always free for a heartbeat."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(size + 1, thread_name_prefix="portinfra")
        self._futures: dict[Future[Completion], None] = {}

    @property
    def under_way(self) -> int:
        """How many pieces of work have a completion that `next` has not returned.

        It is counted here and not by the caller: an interrupt may come between any two lines of a caller.
        """
        return len(self._futures)

    def submit(self, ticket: Ticket, work: Work) -> None:
        """Have work done by a free thread. Whatever it raises, its completion tells."""
        self._futures[self._pool.submit(_surely_complete, ticket, work)] = None

    def next(self, timeout: float | None) -> Completion | None:
        """A completion; of several, that of the work which was submitted first."""
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
    """The calling thread itself: "crash at call k" means one thing."""

    size = 1

    def __init__(self) -> None:
        self._completions: deque[Completion] = deque()

    @property
    def under_way(self) -> int:
        """How many completions `next` has not returned."""
        return len(self._completions)

    def submit(self, ticket: Ticket, work: Work) -> None:
        """Do it now. What is no `Exception` (a crash, an interrupt) passes through."""
        self._completions.append(_complete(ticket, work))

    def next(self, timeout: float | None) -> Completion | None:
        """The oldest completion."""
        return self._completions.popleft() if self._completions else None

    def close(self) -> None:
        """Nothing is ever under way."""
