"""The loop of a run: one thread that owns the order of actions, the clock, and the renewals of the lease.

No other code sleeps: every wait is a due time in the queue of the loop.
"""

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator

from attrs import Factory, field

from portinfra.execution import retry
from portinfra.execution.lease import TEMPORARY, LeaseHolder
from portinfra.execution.workers import Completion, Work, Workers
from portinfra.provider.interface import Clock
from portinfra.value import define

MEANWHILE_SECONDS = 10.0
"""The seconds between two reports about long calls."""


@define
class ActionClock:
    """A clock that a loop reads once for each action, so that one action has one moment."""

    _clock: Clock
    virtual: bool = field(init=False)
    _now: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.virtual = self._clock.virtual
        self.read()

    def now(self) -> float:
        """Return the time at the beginning of the current action, in seconds since the epoch."""
        return self._now

    def read(self) -> float:
        """Return the present time. It is the moment of the next action."""
        self._now = self._clock.now()
        return self._now

    def sleep_until(self, moment: float) -> None:
        """Return at that moment of the clock."""
        self._clock.sleep_until(moment)
        self.read()


@define
class Loop:
    """The queue of due actions. It gives work to workers, and renews the lease meanwhile."""

    clock: ActionClock = field(converter=ActionClock)
    workers: Workers
    holder: LeaseHolder
    chance: random.Random | None = None
    """Shuffles actions whose order does not matter; None: first in, first out."""
    meanwhile: Callable[[float], None] = field(init=False, default=lambda now: None)
    """Called with the time every MEANWHILE_SECONDS while calls are in progress."""
    stopping: bool = field(init=False, default=False)
    """Whether the run stops: no new work begins, and work in progress ends."""

    _reason: BaseException | None = field(init=False, default=None)
    _queue: list[tuple[float, float, int, Callable[[], None]]] = field(init=False, factory=list)
    _count: Iterator[int] = field(init=False, default=Factory(itertools.count))
    _renewing: bool = field(init=False, default=False)
    _renewals_failed: int = field(init=False, default=0)
    _meanwhile_due: float = field(init=False, default=0.0)

    def later(self, due: float, action: Callable[..., None], *arguments: object) -> None:
        """Schedule an action for a moment. It is dropped if the run stops before."""
        if self.stopping:
            return
        rank = self.chance.random() if self.chance else 0.0
        heapq.heappush(self._queue, (due, rank, next(self._count), lambda: action(*arguments)))

    def submit(self, ticket: Callable[[Completion], None], work: Work) -> None:
        """Give work to a worker. The loop calls the ticket with its completion."""
        self.workers.submit(ticket, work)

    def run(self, finished: Callable[[], bool]) -> None:
        """Run until `finished` returns True, or nothing is left to do.

        Raises KeyboardInterrupt, the error of a renewal, and errors that no call should raise. It raises each
        of them when the work in progress has ended.
        """
        try:
            try:
                self._run(finished)
            except KeyboardInterrupt as interrupt:
                self._stop(interrupt)
                self._run(finished)
        finally:
            self.workers.close()
        if self._reason is not None:
            raise self._reason

    def _stop(self, reason: BaseException) -> None:
        self._reason = self._reason or reason
        self.stopping = True
        self._queue.clear()

    def _run(self, finished: Callable[[], bool]) -> None:
        while not finished():
            now = self.clock.read()
            if not self.stopping:
                self._renew_if_due(now)
            while self._free(now) and self._queue and self._queue[0][0] <= now:
                heapq.heappop(self._queue)[3]()
                self.clock.read()
            due = self._next_due(now)
            if self.workers.under_way:
                self._absorb(None if self.clock.virtual else self._patience(now, due))
            elif due is None:
                return
            else:
                self.clock.sleep_until(due)

    def _free(self, now: float) -> bool:
        """Return whether a call may begin: a worker is free, and this run certainly holds the lease."""
        return self.workers.under_way < self.workers.size and self.holder.is_certain(now)

    def _next_due(self, now: float) -> float | None:
        """Return the time of the next action that waits for no work; None: there is none."""
        dues = [self._queue[0][0]] if self._queue and self._free(now) else []
        if (self._queue or self.workers.under_way) and not self._renewing and not self.stopping:
            dues.append(self.holder.renew_due)
        return min(dues, default=None)

    def _patience(self, now: float, due: float | None) -> float:
        """Return for how many seconds to wait for the end of a call."""
        if now >= self._meanwhile_due:
            self._meanwhile_due = now + MEANWHILE_SECONDS
            self.meanwhile(now)
        return max(0.0, min(due if due is not None else math.inf, self._meanwhile_due) - now)

    def _absorb(self, timeout: float | None) -> None:
        completion = self.workers.next(timeout)
        if completion is not None:
            self.clock.read()
            if completion.crash is not None:
                self._stop(completion.crash)
            else:
                completion.ticket(completion)

    def _renew_if_due(self, now: float) -> None:
        if now >= self.holder.renew_due and not self._renewing:
            self._renewing = True
            self.submit(self._on_renewal, self.holder.renew)

    def _on_renewal(self, completion: Completion) -> None:
        self._renewing = False
        error = completion.error
        self._renewals_failed = self._renewals_failed + 1 if error else 0
        if isinstance(error, TEMPORARY) and self._renewals_failed < retry.ATTEMPTS_MAX:
            self.holder.renew_due = self.clock.now() + retry.delay(self._renewals_failed)
        elif error is not None:
            self._stop(error)
