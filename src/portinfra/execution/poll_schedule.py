"""The schedule of reads for resources that are not ready: one read serves all that wait."""

import math
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T", bound=Hashable)

PATIENCE_SECONDS = 1200.0
"""A resource that is not ready after this time fails its step."""

POLL_SECONDS = 2.0
"""The time between two reads is a multiple of this."""

READ_SHARE = 0.05
"""The most of the time that reads may take."""

RESOURCE_SECONDS = 0.0004
"""The processor time of a read for each resource that it finds, on a slow machine. It is a constant and not
measured, so that equal runs read at equal moments.
"""

POLL_SHARE = 0.25
"""The pause before the next read, as a share of the wait beyond the usual time."""

POLL_MAX_SECONDS = 15.0


class _PolledRead(NamedTuple):
    due: float
    earliest: float


class PollSchedule(Generic[T]):
    """The waiting items. It learns how long each kind takes, and schedules reads for that time."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._awaited: dict[T, _PolledRead] = {}
        self._usual: dict[Hashable, float] = {}
        self._step = POLL_SECONDS

    def pause(self, kind: Hashable, waited: float) -> float:
        """Return the seconds until the next read of an item of a kind, after `waited` seconds."""
        late = waited - self._usual.get(kind, 0.0)
        return max(-late, self._step, min(POLL_MAX_SECONDS, late * POLL_SHARE))

    def learn(self, kind: Hashable, waited: float) -> None:
        """Record that an item of a kind was ready after `waited` seconds; the shortest time counts."""
        self._usual[kind] = min(waited, self._usual.get(kind, waited))

    def usual(self, kind: Hashable) -> float | None:
        """Return after how many seconds an item of a kind is ready; None: none has been ready yet."""
        return self._usual.get(kind)

    def note_read(self, resources: int) -> None:
        """Record how many resources a read found: the more, the rarer the next ones.

        The time between two reads is POLL_SECONDS or 2, 4, 8 … times as long, so that reads that were
        scheduled before and after share their moments.
        """
        self._step = POLL_SECONDS
        while self._step < resources * RESOURCE_SECONDS / READ_SHARE:
            self._step *= 2

    def expect(self, who: T, due: float, earliest: float) -> float:
        """Schedule a read of an item at `due`, and return its moment, rounded up so that many items share it.

        From `earliest` on, the item also takes part in a read that is due for others.
        """
        due = self._began + math.ceil((due - self._began) / self._step) * self._step
        self._awaited[who] = _PolledRead(due, earliest)
        return due

    def due(self, now: float) -> list[T]:
        """Return all items that a read serves now; empty: none is due."""
        if all(awaited.due > now for awaited in self._awaited.values()):
            return []
        return [who for who, awaited in self._awaited.items() if awaited.earliest <= now]

    def leave(self, who: T) -> None:
        """Remove an item that no longer waits."""
        self._awaited.pop(who, None)

    def next_due(self) -> float | None:
        """Return the moment of the next read; None: no item waits."""
        return min((awaited.due for awaited in self._awaited.values()), default=None)
