"""The moment of the data on own volumes of an end that another end has overtaken. Pure."""

from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.departures import left_epoch
from portinfra.recovery.ledger.ledger import Contents
from portinfra.recovery.ledger.takeovers import activated_number, list_takeovers
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.point import points

ANY_AGE = 1.0
"""The moment that marks data of any age."""


def own_data_time(epoch: int, contents: Contents, now: float) -> float:
    """Return the moment of the data on own volumes of an end that is no longer active.

    It is the decision that made the other end active, or a point whose data an unfinished takeover has
    written to the volumes since. `epoch` is that of its lease. A point whose time is not believed has the
    time that `Ages` gives it. Without one, the data may be of any age.
    """
    since = activated_number(contents)
    later = [each for each in list_takeovers(contents.entries) if each.number > since and each.restored]
    used = {id for each in later for id in each.points}
    ages = Ages(points(contents.entries), now)
    times = [ages.effective_time(point) or ANY_AGE for point in ages.points if point.id in used]
    return min([believable_time(left_epoch(epoch, contents), now), *times])


def believable_time(epoch: int, now: float) -> float:
    """Return the moment of an epoch. An epoch in the future is not accepted: the data may be of any age."""
    return float(epoch) if epoch <= now + AHEAD_SECONDS else ANY_AGE
