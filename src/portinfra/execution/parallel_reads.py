"""Independent reads at the same time: several threads with one call each, within the provider's rates.

The calling thread makes no read. It waits, so an interrupt reaches it, and it alone renews the lease. The
threads end before it returns or raises.
"""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from attrs import field

from portinfra.errors import RateLimited
from portinfra.execution.caller import Caller
from portinfra.execution.schedule import Schedule
from portinfra.model.catalogue import Rate
from portinfra.observation import Work
from portinfra.provider.interface import Answer, Call
from portinfra.value import define

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


class _Stopped(Exception):
    """Another work has failed, or the run was interrupted: no further call may begin."""


@define
class ParallelReads:
    """Makes independent reads at the same time (`Gather`), each with its own tries and pauses."""

    caller: Caller
    rates: Mapping[str, Rate]
    """The rates of the account. Calls of other classes are not paced."""
    renew: Callable[[], float] = lambda: math.inf
    """Renews the lease if that is due. Returns in how many seconds the next renewal is due."""
    size: int = 8
    """The most reads at the same time."""

    _schedule: Schedule = field(init=False)
    _lock: threading.Lock = field(init=False, factory=threading.Lock)
    """Guards the schedule."""

    def __attrs_post_init__(self) -> None:
        self._schedule = Schedule(self.rates, self._now())

    def __call__(self, works: Sequence[Work[T]]) -> list[T]:
        """Return the results in the order of the works.

        Raise the first error in that order; then the works behind it make no further call. A crash, which is
        no `Exception`, and an error of the renewal end all works.
        """
        # Slow to import: only reads at the same time need it.
        from concurrent.futures import ThreadPoolExecutor

        group = _Group(self)
        name = f"portinfra-read-{id(group)}"
        threads = ThreadPoolExecutor(min(len(works), self.size), thread_name_prefix=name)
        try:
            return self._collect([threads.submit(group.do, work) for work in works])
        except _Stopped:
            raise group.crashes[0] from None
        finally:
            group.over.set()
            threads.shutdown(wait=True, cancel_futures=True)
            for each in threading.enumerate():  # an interrupt can come before the pool notes a new thread
                if each.name.startswith(name) and each.is_alive():
                    each.join()

    def _collect(self, futures: "Sequence[Future[T]]") -> list[T]:
        from concurrent.futures import wait

        results = []
        for future in futures:
            while not wait([future], self._seconds_to_renewal()).done:
                pass
            results.append(future.result())
        return results

    def _seconds_to_renewal(self) -> float | None:
        seconds = self.renew()
        return None if math.isinf(seconds) else max(0.0, seconds)

    def reserve(self, call: Call) -> float:
        """Return in how many seconds the rates allow a call, and take its tokens."""
        with self._lock:
            now = self._now()
            return self._schedule.reserve(call.rates, now) - now

    def slow_down(self, call: Call) -> None:
        """Reduce the rates of a call that the provider throttled."""
        with self._lock:
            self._schedule.slow_down(call.rates, self._now())

    def _now(self) -> float:
        return self.caller.provider.clock.now()


@define
class _Group:
    """Works that are done at the same time, and end together."""

    reads: ParallelReads
    over: threading.Event = field(factory=threading.Event)
    """Whether no further call may begin."""
    crashes: list[BaseException] = field(factory=list)

    def do(self, work: Work[T]) -> T:
        """Do one work in this thread."""
        try:
            return work(self.ask)
        except Exception:
            raise
        except BaseException as crash:
            self.crashes.append(crash)
            self.over.set()
            raise

    def ask(self, call: Call) -> Answer:
        """Make a read when its rates allow it, and repeat it as `Caller.with_retries` does."""
        return self.reads.caller.with_retries(call, self._once, self._pause)

    def _once(self, call: Call) -> Answer:
        self._pause(self.reads.reserve(call))
        try:
            return self.reads.caller.once(call)
        except RateLimited:
            self.reads.slow_down(call)
            raise

    def _pause(self, seconds: float) -> None:
        clock = self.reads.caller.provider.clock
        if clock.virtual:
            clock.sleep_until(clock.now() + seconds)
        if self.over.wait(0.0 if clock.virtual else seconds):
            raise _Stopped


def parallel_reads(
    caller: Caller, rates: Mapping[str, Rate], renew: Callable[[], float] = lambda: math.inf
) -> ParallelReads | None:
    """Return what makes reads at the same time; None where the provider takes one, or time is virtual.

    By a virtual clock, waiting costs nothing, and each call has the same number in every run.
    """
    size = caller.provider.capabilities.reads_at_once
    return None if caller.provider.clock.virtual or size < 2 else ParallelReads(caller, rates, renew, size)
