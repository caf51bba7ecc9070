"""One thread that owns the order and the clock: what is due when, what is under way, and the heartbeat.

Nothing sleeps in the middle of something else: every wait is a due time in the queue here.
"""

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator

from attrs import Factory, define, field

from portinfra.execution import retry
from portinfra.execution.lease import TEMPORARY, LeaseHolder
from portinfra.execution.workers import Completion, Work, Workers
from portinfra.provider.interface import Clock

MEANWHILE_SECONDS = 10.0
"""Seconds between two reports of what calls wait for."""


@define
class Loop:
    """Does what is due, hands work out, and says meanwhile that the lease's holder lives."""

    clock: Clock
    workers: Workers
    holder: LeaseHolder
    chance: random.Random | None = None
    """Shuffles what could as well go in another order; None: in the order in which it came."""
    meanwhile: Callable[[float], None] = field(init=False, default=lambda now: None)
    """Called now and then, with the time, while calls are under way."""
    stopping: bool = field(init=False, default=False)
    """Nothing new begins; what is under way ends."""

    _reason: BaseException | None = field(init=False, default=None)
    _queue: list[tuple[float, float, int, Callable[[], None]]] = field(init=False, factory=list)
    _count: Iterator[int] = field(init=False, default=Factory(itertools.count))
    _beating: bool = field(init=False, default=False)
    _beats_failed: int = field(init=False, default=0)
    _meanwhile_due: float = field(init=False, default=0.0)

    def later(self, due: float, action: Callable[..., None], *arguments: object) -> None:
        """Do something at a moment, unless it all ends before."""
        if self.stopping:
            return
        rank = self.chance.random() if self.chance else 0.0
        heapq.heappush(self._queue, (due, rank, next(self._count), lambda: action(*arguments)))

    def submit(self, ticket: Callable[[Completion], None], work: Work) -> None:
        """Have work done by somebody else; the ticket is handed its completion."""
        self.workers.submit(ticket, work)

    def run(self, finished: Callable[[], bool]) -> None:
        """Go on until it is finished, or nothing is left to do.

        Raises KeyboardInterrupt, what a heartbeat ended with, and what no call should raise; each when the
        work under way has ended.
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
            now = self.clock.now()
            if not self.stopping:
                self._heartbeat(now)
            while self._free(now) and self._queue and self._queue[0][0] <= now:
                heapq.heappop(self._queue)[3]()
            due = self._next_due(now)
            if self.workers.under_way:
                self._absorb(None if self.clock.virtual else self._patience(now, due))
            elif due is None:
                return
            else:
                self.clock.sleep_until(due)

    def _free(self, now: float) -> bool:
        """Whether a call may go out: a worker is free, and the lease is ours beyond doubt."""
        return self.workers.under_way < self.workers.size and self.holder.is_certain(now)

    def _next_due(self, now: float) -> float | None:
        """When there is something to do though no work has ended; None: never."""
        dues = [self._queue[0][0]] if self._queue and self._free(now) else []
        if (self._queue or self.workers.under_way) and not self._beating and not self.stopping:
            dues.append(self.holder.renew_due)
        return min(dues, default=None)

    def _patience(self, now: float, due: float | None) -> float:
        """Return for how many seconds the end of a call is waited for."""
        if now >= self._meanwhile_due:
            self._meanwhile_due = now + MEANWHILE_SECONDS
            self.meanwhile(now)
        return max(0.0, min(due if due is not None else math.inf, self._meanwhile_due) - now)

    def _absorb(self, timeout: float | None) -> None:
        completion = self.workers.next(timeout)
        if completion is not None:
            if completion.crash is not None:
                self._stop(completion.crash)
            else:
                completion.ticket(completion)

    def _heartbeat(self, now: float) -> None:
        if now >= self.holder.renew_due and not self._beating:
            self._beating = True
            self.submit(self._beaten, self.holder.renew)

    def _beaten(self, completion: Completion) -> None:
        self._beating = False
        error = completion.error
        self._beats_failed = self._beats_failed + 1 if error else 0
        if isinstance(error, TEMPORARY) and self._beats_failed < retry.ATTEMPTS_MAX:
            self.holder.renew_due = self.clock.now() + retry.delay(self._beats_failed)
        elif error is not None:
            self._stop(error)
