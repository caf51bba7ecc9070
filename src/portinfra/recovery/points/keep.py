"""Selection of the points of a group to keep: the last ones, and the newest of each hour, day and week in
UTC. Pure.

The ledger number decides which point is newer. The time decides only the hour, day and week of a point.
"""

from collections.abc import Callable, Iterable, Mapping

from portinfra.recovery.ledger.points import Point
from portinfra.recovery.points.ages import Ages
from portinfra.value import frozen

HOUR, DAY = 3_600, 86_400
_MONDAY = 3 * DAY
"""The seconds from the Monday before 1970 to its first moment, which was a Thursday."""

Bucket = float | int | None


@frozen
class Candidate:
    """A point of one group that may be kept."""

    number: int
    """Its number in the ledger."""
    time: float | None
    """Its effective time in seconds since 1970; None: not known."""
    restorable: bool = True
    is_ahead: bool = False
    """Whether its own time is rejected. It takes no hour, day or week from another point."""


_BUCKETS: Mapping[str, Callable[[float], Bucket]] = {
    "hourly": lambda time: time // HOUR,
    "daily": lambda time: time // DAY,
    "weekly": lambda time: (time + _MONDAY) // (7 * DAY),
}


def candidates(
    points: Iterable[Point], ages: Ages, is_restorable: Callable[[Point], bool]
) -> list[Candidate]:
    """Return the points of one group as candidates."""
    return [
        Candidate(point.number, ages.effective_time(point), is_restorable(point), ages.is_ahead(point))
        for point in points
    ]


def kept_points(points: Iterable[Candidate], keep: Mapping[str, int]) -> set[int]:
    """Return the numbers of the points of one group that any rule of `keep` (of `KEPT`) keeps.

    A rule has so many buckets, the newest ones. Each keeps its newest restorable point. A point that is not
    restorable stays until its bucket has a newer one that is, or until all buckets have newer points. The
    newest restorable point always stays.
    """
    newest_first = sorted(points, key=lambda point: -point.number)
    last = [(point, point.number, point.restorable) for point in newest_first]
    kept = set(_fill(last, max(1, keep.get("last", 0))))
    for rule, bucket_of in _BUCKETS.items():
        timed = [
            (
                point,
                None if point.time is None else bucket_of(point.time),
                point.restorable and not point.is_ahead,
            )
            for point in newest_first
        ]
        kept.update(_fill(timed, keep.get(rule, 0)))
    return kept


def _fill(points: Iterable[tuple[Candidate, Bucket, bool]], limit: int) -> Iterable[int]:
    """Yield the numbers that `limit` buckets keep. A point has its bucket, and whether it fills the
    bucket.
    """
    filled: set[Bucket] = set()
    for point, bucket, fills in points:
        if len(filled) < limit and bucket not in filled:
            yield point.number
            if fills:
                filled.add(bucket)
