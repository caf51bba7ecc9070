"""The earliest time of each call: it keeps the provider's published rates by due times, without sleep."""

import math
from collections.abc import Iterable, Mapping

from attrs import define

from portinfra.model.catalogue import Rate
from portinfra.planning.budget import BUCKET_SHARE

SLOWER = 2.0
"""The factor of the pause between two calls of a class when the provider throttles it."""

SLOWEST = 32.0

BURST_SECONDS = 1.0
"""Refusals within this time count as one: their calls were in progress at the same time."""

ROUNDING = 1e-9
"""The tolerance for tokens that are missing only because sums are rounded."""


@define
class _Lane:
    """A token bucket of one rate class: calls empty it, and time fills it."""

    rate: Rate
    tokens: float
    moment: float
    slowness: float = 1.0
    slowed_at: float = -math.inf

    def earliest(self, now: float) -> float:
        """Return the moment of the next token."""
        per_second = self.rate.per_second / self.slowness
        if now > self.moment:
            share = max(1.0, self.rate.bucket * BUCKET_SHARE)
            self.tokens = min(share, self.tokens + (now - self.moment) * per_second)
            self.moment = now
        lacking = 1.0 - self.tokens
        return now if lacking <= ROUNDING else self.moment + lacking / per_second


class Schedule:
    """The token buckets of a provider. Classes without a published rate are not limited."""

    def __init__(self, rates: Mapping[str, Rate], now: float) -> None:
        self._lanes = {
            name: _Lane(rate, float(int(rate.bucket * BUCKET_SHARE)), now) for name, rate in rates.items()
        }

    def earliest(self, classes: Iterable[str], now: float) -> float:
        """Return the earliest moment of a call of these rate classes."""
        return max((self._lanes[name].earliest(now) for name in classes if name in self._lanes), default=now)

    def take(self, classes: Iterable[str], now: float) -> None:
        """Take a token of each of these rate classes."""
        for name in classes:
            if lane := self._lanes.get(name):
                lane.earliest(now)
                lane.tokens -= 1

    def reserve(self, classes: tuple[str, ...], now: float) -> float:
        """Return the earliest moment of a call of these rate classes, and take its tokens."""
        moment = self.earliest(classes, now)
        self.take(classes, now)
        return moment

    def slow_down(self, classes: Iterable[str], now: float) -> None:
        """Reduce the rates after the provider throttled a call: others use the account, too."""
        for name in classes:
            if lane := self._lanes.get(name):
                if now - lane.slowed_at > BURST_SECONDS:
                    lane.slowness = min(SLOWEST, lane.slowness * SLOWER)
                    lane.slowed_at = now
                lane.tokens = min(lane.tokens, 0.0)
                lane.moment = max(lane.moment, now)

    def speed_up(self, classes: Iterable[str]) -> None:
        """Raise the rates towards the published ones, after the provider accepted a call."""
        for name in classes:
            if lane := self._lanes.get(name):
                lane.slowness = max(1.0, lane.slowness * 0.95)
