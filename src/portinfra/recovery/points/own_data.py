"""Until when data on own volumes goes, of an end that another one has overtaken. Pure."""

from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.departures import left_epoch
from portinfra.recovery.ledger.ledger import Contents
from portinfra.recovery.ledger.takeovers import activated_number, turns
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.point import points

ANY_AGE = 1.0
"""The moment of data that may be of any age."""


def own_data_time(epoch: int, contents: Contents, now: float) -> float:
    """Return the moment of the data on own volumes of an end that was left: the decision that left it, or
    a point whose data a takeover that was not finished has given them since. `epoch` is that of its lease.
    A point whose time is not believed has the time that `Ages` gives it; without one, the data may be of any
    age.
    """
    since = activated_number(contents)
    later = [each for each in turns(contents.entries) if each.number > since and each.restored]
    used = {id for each in later for id in each.points}
    ages = Ages(points(contents.entries), now)
    times = [ages.effective_time(point) or ANY_AGE for point in ages.points if point.id in used]
    return min([believable_time(left_epoch(epoch, contents), now), *times])


def believable_time(epoch: int, now: float) -> float:
    """Return the moment of an epoch. One that lies ahead is no moment: the data may be of any age."""
    return float(epoch) if epoch <= now + AHEAD_SECONDS else ANY_AGE
