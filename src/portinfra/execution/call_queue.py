"""Whose call is next: of those that wait for the same rates, the most urgent."""

import heapq
import itertools
from collections.abc import Callable

from portinfra.execution.schedule import Schedule
from portinfra.graph import heights
from portinfra.model.change import Step
from portinfra.model.plan import Plan
from portinfra.provider.interface import Clock

Rates = tuple[str, ...]

Rank = tuple[float, ...]
"""How urgent a call is: the lowest goes first."""


def urgency(plan: Plan) -> dict[Step, Rank]:
    """Each step's rank: the lower, the sooner. The longest way still to go comes first, then role by role,
    so that the slowest calls, which are usually those that launch hosts, begin as soon as they can.
    """
    far = heights(plan.steps)
    roles = {role.name: rank for rank, role in enumerate(plan.placed.topology.roles)}
    role_of = plan.placed.roles
    return {
        step: (-far[step], roles.get(role_of.get(step.address, ""), -1), rank)
        for rank, step in enumerate(plan.steps)
    }


class CallQueue:
    """Calls that are ready, each sent when its rates allow it.

    Only the first of a queue has a due time: a provider that throttles slows down all that still wait.
    """

    def __init__(self, schedule: Schedule, clock: Clock, later: Callable[..., None]) -> None:
        self._schedule = schedule
        self._clock = clock
        self._later = later
        self._ready: dict[Rates, list[tuple[Rank, int, Callable[[], bool]]]] = {}
        self._due: set[Rates] = set()
        self._count = itertools.count()

    def join(self, rank: Rank, rates: Rates, send: Callable[[], bool]) -> None:
        """Let a call take its turn among those of its rate classes; the lowest rank goes first.

        `send` returns whether it sent the call: what was not sent takes nothing of the rates.
        """
        heapq.heappush(self._ready.setdefault(rates, []), (rank, next(self._count), send))
        self._arm(rates)

    def _arm(self, rates: Rates) -> None:
        if self._ready[rates] and rates not in self._due:
            self._due.add(rates)
            self._later(self._schedule.earliest(rates, self._clock.now()), self._next, rates)

    def _next(self, rates: Rates) -> None:
        self._due.discard(rates)
        now = self._clock.now()
        if self._schedule.earliest(rates, now) <= now:
            sent = heapq.heappop(self._ready[rates])[2]()
            if sent:
                self._schedule.take(rates, now)
        self._arm(rates)
