"""The order of calls: of those that wait for the same rates, the most urgent is next."""

import heapq
import itertools
from collections.abc import Callable

from portinfra.execution.schedule import Schedule
from portinfra.graph import heights
from portinfra.model.change import Step
from portinfra.model.plan import Plan

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


class CallQueue:
    """Calls that are ready. Each is sent when its rates allow it.

    Only the first call of a queue has a due time, so a provider that throttles slows down all others.
    """

    def __init__(self, schedule: Schedule, now: Callable[[], float], later: Callable[..., None]) -> None:
        self._schedule = schedule
        self._time = now
        self._later = later
        self._ready: dict[Rates, list[tuple[Rank, int, Callable[[], bool]]]] = {}
        self._due: set[Rates] = set()
        self._count = itertools.count()

    def join(self, rank: Rank, rates: Rates, send: Callable[[], bool]) -> None:
        """Add a call to the queue of its rate classes; the lowest rank is first.

        `send` returns whether it sent the call. A call that it did not send takes nothing of the rates.
        """
        heapq.heappush(self._ready.setdefault(rates, []), (rank, next(self._count), send))
        self._arm(rates)

    def _arm(self, rates: Rates) -> None:
        if self._ready[rates] and rates not in self._due:
            self._due.add(rates)
            self._later(self._schedule.earliest(rates, self._time()), self._next, rates)

    def _next(self, rates: Rates) -> None:
        self._due.discard(rates)
        now = self._time()
        if self._schedule.earliest(rates, now) <= now:
            sent = heapq.heappop(self._ready[rates])[2]()
            if sent:
                self._schedule.take(rates, now)
        self._arm(rates)
