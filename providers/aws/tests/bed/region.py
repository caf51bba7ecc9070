"""What the bed keeps of one account in one region, beside moto's own books."""

import itertools
from collections.abc import Callable
from typing import Any

from attrs import define, field

from bed.settings import Settings
from portinfra.testing.emulator import Clock


@define(eq=False)
class Region:
    """One account's books in one region."""

    account: str
    name: str
    backend: Any
    clock: Clock
    settings: Settings
    born: dict[str, float] = field(factory=dict)
    """Id → when it was made; absent for what was there from the start."""
    gone: dict[str, float] = field(factory=dict)
    """Id or name → when it was deleted."""
    listed: dict[str, dict[str, Any]] = field(factory=dict)
    """Describe action → id → the record as it was last shown."""
    past: dict[str, dict[str, list[tuple[float, dict[str, Any] | None]]]] = field(factory=dict)
    """Describe action → id → the record from each moment on; None: it was not there. See bed/lag.py."""
    tokens: dict[tuple[str, str], Any] = field(factory=dict)
    """(action, client token) → what was asked with it, and what was answered."""
    buckets: dict[str, tuple[float, float]] = field(factory=dict)
    """Bucket → tokens left, and when that was."""
    fates: list[str] = field(factory=list)
    """The cause of which each of the next instances will die while it is pending."""
    failing_terminations: int = 0
    """How many of the next terminations are accepted and do not happen."""
    phases: dict[str, str] = field(factory=dict)
    """Id → the state that it is in for a while: `creating`, `modifying`."""
    _due: list[tuple[float, int, Callable[[], None]]] = field(factory=list)
    _numbers: Any = field(factory=itertools.count)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something once so much time has passed; with 0, before the next request is served."""
        self._due.append((self.clock.now() + seconds, next(self._numbers), act))

    def settle(self) -> None:
        """Do what is due."""
        if not self._due:
            return
        now = self.clock.now()
        ready = sorted((each for each in self._due if each[0] <= now), key=lambda each: each[:2])
        self._due = [each for each in self._due if each[0] > now]
        for _, _, act in ready:
            act()
