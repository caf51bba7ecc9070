"""Who waits for the provider, and when to look again: one look serves all who wait."""

import math
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T", bound=Hashable)

POLL_SECONDS = 2.0
"""Looks are so far apart, or a multiple of it."""

POLL_SHARE = 0.25
"""The next look comes after this share of the time that has been waited beyond what is usual."""

POLL_MAX_SECONDS = 15.0


class _PolledRead(NamedTuple):
    due: float
    earliest: float


class PollSchedule(Generic[T]):
    """Those who wait. It learns how long their kind usually takes, and looks when it should be there."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._awaited: dict[T, _PolledRead] = {}
        self._usual: dict[Hashable, float] = {}

    def pause(self, kind: Hashable, waited: float) -> float:
        """Seconds until it is worth to look again at one of a kind, after so many seconds of waiting."""
        late = waited - self._usual.get(kind, 0.0)
        return max(-late, POLL_SECONDS, min(POLL_MAX_SECONDS, late * POLL_SHARE))

    def learn(self, kind: Hashable, waited: float) -> None:
        """One of a kind was ready after so many seconds; the quickest sets the rule."""
        self._usual[kind] = min(waited, self._usual.get(kind, waited))

    def expect(self, who: T, due: float, earliest: float) -> float:
        """Wait until a moment, or from the earliest one on for a look that is made for others. The moment of
        the look, which is rounded up so that many share it.
        """
        due = self._began + math.ceil((due - self._began) / POLL_SECONDS) * POLL_SECONDS
        self._awaited[who] = _PolledRead(due, earliest)
        return due

    def due(self, now: float) -> list[T]:
        """All that a look made now tells of; none when nobody is due."""
        if all(awaited.due > now for awaited in self._awaited.values()):
            return []
        return [who for who, awaited in self._awaited.items() if awaited.earliest <= now]

    def leave(self, who: T) -> None:
        """It waits no longer."""
        self._awaited.pop(who, None)

    def next_due(self) -> float | None:
        """The moment of the next look; None when nobody waits."""
        return min((awaited.due for awaited in self._awaited.values()), default=None)
