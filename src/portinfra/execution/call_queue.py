"""The order of calls: of those that wait for the same rates, the most urgent is next."""

import heapq
import itertools
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from attrs import field

from portinfra.execution.schedule import Schedule
from portinfra.graph import heights
from portinfra.model.batch import Batch
from portinfra.model.change import Step
from portinfra.model.plan import Plan
from portinfra.value import define, frozen

T = TypeVar("T")

Rates = tuple[str, ...]

Rank = tuple[float, ...]
"""The urgency of a call: the lowest rank is first."""


def urgency(plan: Plan) -> dict[Step, Rank]:
    """Return the rank of each step; the lowest is first.

    Steps with the longest chain of steps behind them come first, then steps role by role. So the slowest
    calls, usually those that create hosts, begin as early as possible.
    """
    far = heights(plan.steps)
    roles = {role.name: rank for rank, role in enumerate(plan.placed.topology.roles)}
    role_of = plan.placed.roles
    return {
        step: (-far[step], roles.get(role_of.get(step.address, ""), -1), rank)
        for rank, step in enumerate(plan.steps)
    }


@frozen
class Waiting(Generic[T]):
    """A call that waits for its rates."""

    item: T
    """What the queue hands to `admit` and `send`."""
    rates: Rates
    batch: Batch | None = None
    """How it can be joined with calls that have the same `batch_key`; None: it is made alone."""
    batch_key: str = ""


@define
class _Line(Generic[T]):
    """The calls of the same rates."""

    _order: list[tuple[Rank, int, str]] = field(factory=list)
    """A heap of all calls by urgency, each with its batch key. Some were sent already, joined with others."""
    _alike: dict[str, list[tuple[Rank, int, Waiting[T]]]] = field(factory=dict)
    """Batch key → a heap of the calls that can be joined. Those that are made alone are in one heap."""
    _count: Iterator[int] = field(factory=itertools.count)

    def __bool__(self) -> bool:
        return bool(self._alike)

    def push(self, rank: Rank, call: Waiting[T]) -> None:
        """Add a call."""
        key, number = call.batch_key if call.batch else "", next(self._count)
        heapq.heappush(self._order, (rank, number, key))
        heapq.heappush(self._alike.setdefault(key, []), (rank, number, call))

    def peek(self) -> tuple[int, Batch | None]:
        """Return how many calls can be joined with the most urgent one, with itself, and how."""
        alike = self._alike[self._first()]
        batch = alike[0][2].batch
        return (min(len(alike), batch.size_max), batch) if batch else (1, None)

    def pop(self, size: int, admit: Callable[[T], bool]) -> list[T]:
        """Remove the most urgent call and those to join with it. Return at most `size` that are admitted."""
        key = self._first()
        alike, found = self._alike[key], list[T]()
        while alike and len(found) < size:
            item = heapq.heappop(alike)[2].item
            if admit(item):
                found.append(item)
        if not alike:
            del self._alike[key]
        return found

    def _first(self) -> str:
        """Return the batch key of the most urgent call."""
        while not (alike := self._alike.get(self._order[0][2])) or alike[0][:2] != self._order[0][:2]:
            heapq.heappop(self._order)
        return self._order[0][2]


class CallQueue(Generic[T]):
    """Calls that are ready. Each is sent when its rates allow it, alone or joined with others in one request.

    Only the first call of a queue has a due time, so a provider that throttles slows down all others. A
    request waits until its rates allow as many joined calls as are waiting.
    """

    def __init__(
        self,
        schedule: Schedule,
        now: Callable[[], float],
        later: Callable[..., None],
        send: Callable[[list[T]], None],
        admit: Callable[[T], bool] = lambda item: True,
    ) -> None:
        """`send` gets the calls of one request. A call that `admit` refuses takes nothing of the rates."""
        self._schedule = schedule
        self._time = now
        self._later = later
        self._send = send
        self._admit = admit
        self._ready: dict[Rates, _Line[T]] = {}
        self._due: set[Rates] = set()

    def join(self, rank: Rank, call: Waiting[T]) -> None:
        """Add a call to the queue of its rate classes; the lowest rank is first."""
        self._ready.setdefault(call.rates, _Line()).push(rank, call)
        self._arm(call.rates)

    def _arm(self, rates: Rates) -> None:
        if self._ready[rates] and rates not in self._due:
            self._due.add(rates)
            self._later(self._earliest(rates), self._next, rates)

    def _next(self, rates: Rates) -> None:
        self._due.discard(rates)
        now = self._time()
        if self._earliest(rates) <= now:
            size, counted = self._size(rates)
            if calls := self._ready[rates].pop(size, self._admit):
                self._schedule.take(rates, now, dict.fromkeys(counted, len(calls)))
                self._send(calls)
        self._arm(rates)

    def _size(self, rates: Rates) -> tuple[int, tuple[str, ...]]:
        """Return how many calls the next request joins, and the rates that count each of them."""
        size, batch = self._ready[rates].peek()
        return (self._schedule.share(batch.counted, size), batch.counted) if batch else (size, ())

    def _earliest(self, rates: Rates) -> float:
        size, counted = self._size(rates)
        return self._schedule.earliest(rates, self._time(), dict.fromkeys(counted, size))
