"""When each call may go out: the provider's published rates, kept by due times instead of sleep."""

import math
from collections.abc import Iterable, Mapping

from attrs import define

from portinfra.model.catalogue import Rate
from portinfra.planning.budget import BUCKET_SHARE

SLOWER = 2.0
"""How much longer the pause between two calls of a class becomes when the provider throttles it."""

SLOWEST = 32.0

BURST_SECONDS = 1.0
"""Refusals so close together are one: the calls that were under way at once."""

ROUNDING = 1e-9
"""Tokens that are lacking by the rounding of sums are there."""


@define
class _Lane:
    """One rate class: a bucket that empties by calls and fills with time."""

    rate: Rate
    tokens: float
    moment: float
    slowness: float = 1.0
    slowed_at: float = -math.inf

    def earliest(self, now: float) -> float:
        """The moment at which the next token is there."""
        per_second = self.rate.per_second / self.slowness
        if now > self.moment:
            share = max(1.0, self.rate.bucket * BUCKET_SHARE)
            self.tokens = min(share, self.tokens + (now - self.moment) * per_second)
            self.moment = now
        lacking = 1.0 - self.tokens
        return now if lacking <= ROUNDING else self.moment + lacking / per_second


class Schedule:
    """The earliest moment of each call. Classes without a published rate are not limited."""

    def __init__(self, rates: Mapping[str, Rate], now: float) -> None:
        self._lanes = {
            name: _Lane(rate, float(int(rate.bucket * BUCKET_SHARE)), now) for name, rate in rates.items()
        }

    def earliest(self, classes: Iterable[str], now: float) -> float:
        """The moment from which a call of these rate classes may go out."""
        return max((self._lanes[name].earliest(now) for name in classes if name in self._lanes), default=now)

    def take(self, classes: Iterable[str], now: float) -> None:
        """Count a call of these rate classes as made."""
        for name in classes:
            if lane := self._lanes.get(name):
                lane.earliest(now)
                lane.tokens -= 1

    def reserve(self, classes: tuple[str, ...], now: float) -> float:
        """The moment at which a call of these rate classes may go out; it counts as made."""
        moment = self.earliest(classes, now)
        self.take(classes, now)
        return moment

    def slow_down(self, classes: Iterable[str], now: float) -> None:
        """The provider refused for the rate: others use the account too, so go slower from here."""
        for name in classes:
            if lane := self._lanes.get(name):
                if now - lane.slowed_at > BURST_SECONDS:
                    lane.slowness = min(SLOWEST, lane.slowness * SLOWER)
                    lane.slowed_at = now
                lane.tokens = min(lane.tokens, 0.0)
                lane.moment = max(lane.moment, now)

    def speed_up(self, classes: Iterable[str]) -> None:
        """The provider took a call: back towards the published rate."""
        for name in classes:
            if lane := self._lanes.get(name):
                lane.slowness = max(1.0, lane.slowness * 0.95)
