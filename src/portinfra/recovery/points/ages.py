"""The ages of the data of recovery points.

The ledger number decides which point is newer. The time of a point comes from the clock of the machine that
made it, and serves only for ages. A time that is more than `AHEAD_SECONDS` in the future is rejected. Such a
point gets the time of the last accepted point before it in the ledger.
"""

from collections.abc import Collection

from portinfra.format import duration
from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.points import Point
from portinfra.value import frozen


@frozen
class Age:
    """The age of data; never negative."""

    seconds: float | None
    """None: no time in the ledger limits it."""
    exact: bool = True
    """Whether `seconds` is the exact age. If not, the data is no older than that."""


def age_at(time: float, moment: float) -> float:
    """Return the age at a moment of data of a time: 0 where the time is later, as the data has all writes."""
    return max(0.0, moment - time)


@frozen
class Ages:
    """The ages of the points of one ledger at one moment."""

    points: Collection[Point]
    """All points that the ledger has."""
    now: float
    """The time in seconds since 1970. It decides which times are accepted."""
    until: float | None = None
    """The moment of the ages, where it is earlier than now."""

    def of(self, point: Point) -> Age:
        """Return the age of a point's data."""
        ahead, time = self.is_ahead(point), self.effective_time(point)
        if time is None:
            return Age(None, exact=False)
        return Age(age_at(time, self.now if self.until is None else self.until), exact=not ahead)

    def is_ahead(self, point: Point) -> bool:
        """Return whether the time of a point is in the future, so that it is rejected."""
        return point.taken > self.now + AHEAD_SECONDS

    def not_later_than(self, moment: float) -> list[Point]:
        """Return the points whose data is not later than a moment, the newest first.

        A point whose time is rejected is left out. So is a point that follows a later one of its group in the
        ledger: a clock that is behind must not bring data from after the moment.
        """
        found: list[Point] = []
        passed: set[str] = set()
        for point in sorted(self.points, key=lambda point: point.number):
            if not self.is_ahead(point):
                if point.taken > moment:
                    passed.add(point.group)
                if point.group not in passed:
                    found.append(point)
        return found[::-1]

    def warnings(self) -> tuple[str, ...]:
        """Return a sentence for each point whose time is rejected, the newest first."""
        return tuple(map(self.warning, filter(self.is_ahead, self.points)))

    def warning(self, point: Point) -> str:
        """Return the sentence for a point whose time is rejected."""
        by = f" by {point.entry.by}" if point.entry.by else ""
        return f"point {point.id} of {point.group} is dated {duration(point.taken - self.now)} ahead{by}"

    def effective_time(self, point: Point) -> float | None:
        """Return the time of a point, or of the last accepted one before it; None: there is none."""
        if not self.is_ahead(point):
            return point.taken
        before = [each for each in self.points if each.number < point.number and not self.is_ahead(each)]
        return max(before, key=lambda each: each.number).taken if before else None


def round_age(seconds: float | None) -> float | None:
    """Return an age as documents have it: rounded to the millisecond."""
    return None if seconds is None else round(seconds, 3)
