"""The earliest time of each call: it keeps the provider's published rates by due times, without sleep."""

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from portinfra.model.catalogue import Rate
from portinfra.planning.budget import BUCKET_SHARE
from portinfra.value import define

SLOWER = 2.0
"""The factor of the pause between two calls of a class when the provider throttles it."""

SLOWEST = 32.0

BURST_SECONDS = 1.0
"""Refusals within this time count as one: their calls were in progress at the same time."""

ONE_EACH: Mapping[str, int] = MappingProxyType({})
"""Rate class → tokens, of requests that take one token of each."""

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

    @property
    def share(self) -> float:
        """The most tokens that this run takes at once."""
        return max(1.0, self.rate.bucket * BUCKET_SHARE)

    def earliest(self, now: float, tokens: int = 1) -> float:
        """Return the moment at which it has so many tokens."""
        per_second = self.rate.per_second / self.slowness
        if now > self.moment:
            self.tokens = min(self.share, self.tokens + (now - self.moment) * per_second)
            self.moment = now
        lacking = tokens - self.tokens
        return now if lacking <= ROUNDING else self.moment + lacking / per_second


class Schedule:
    """The token buckets of a provider. Classes without a published rate are not limited."""

    def __init__(self, rates: Mapping[str, Rate], now: float) -> None:
        self._lanes = {
            name: _Lane(rate, float(int(rate.bucket * BUCKET_SHARE)), now) for name, rate in rates.items()
        }

    def share(self, classes: Iterable[str], most: int) -> int:
        """Return the most tokens that one request may take of each of these rate classes, up to `most`."""
        return min([most, *(int(self._lanes[name].share) for name in classes if name in self._lanes)])

    def earliest(self, classes: Iterable[str], now: float, tokens: Mapping[str, int] = ONE_EACH) -> float:
        """Return the earliest moment of a request of these rate classes, of one token each or of `tokens`."""
        lanes = ((self._lanes[name], tokens.get(name, 1)) for name in classes if name in self._lanes)
        return max((lane.earliest(now, needed) for lane, needed in lanes), default=now)

    def take(self, classes: Iterable[str], now: float, tokens: Mapping[str, int] = ONE_EACH) -> None:
        """Take a token of each of these rate classes, or as many as `tokens` says."""
        for name in classes:
            if lane := self._lanes.get(name):
                lane.earliest(now)
                lane.tokens -= tokens.get(name, 1)

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
