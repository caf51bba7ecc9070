"""The moment of the data on own volumes of an end that another end has overtaken. Pure."""

from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.departures import left_epoch
from portinfra.recovery.ledger.ledger import Contents
from portinfra.recovery.ledger.points import points
from portinfra.recovery.ledger.takeovers import activated_number, list_takeovers
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.situation.situation import End, Situation, peer_of

ANY_AGE = 1.0
"""The moment that marks data of any age."""


def own_data_time(epoch: int, contents: Contents, now: float) -> float:
    """Return the moment of the data on own volumes of an end that is no longer active.

    It is the decision that made the other end active. If takeovers to this end were not finished since, it is
    the earliest of that decision, of what they say of the own volumes that they kept, and of the points whose
    data they have written to the volumes: to abandon a takeover makes no data newer. `epoch` is that of its
    lease. A point whose time is not believed has the time that `Ages` gives it. Without one, the data may be
    of any age.
    """
    since = activated_number(contents)
    later = [each for each in list_takeovers(contents.entries) if each.number > since]
    used = {id for each in later if each.restored for id in each.points}
    ages = Ages(points(contents.entries), now)
    times = [ages.effective_time(point) or ANY_AGE for point in ages.points if point.id in used]
    kept = [turn.own_until for turn in later if turn.own_until and (turn.own or not turn.restored)]
    return min([believable_time(left_epoch(epoch, contents), now), *kept, *times])


def other_active_since(now: Situation, end: End, time: float) -> float | None:
    """Return since when the other end is active by a decision that `end` did not know of when it took over
    without the other end: own data of `end` was last written before. None: there was no such decision.
    """
    other = now.facts(peer_of(end)).activated
    if other is None or now.holder == end:
        return None
    return believable_time(other.epoch, time)


def believable_time(epoch: int, now: float) -> float:
    """Return the moment of an epoch. An epoch in the future is not accepted: the data may be of any age."""
    return float(epoch) if epoch <= now + AHEAD_SECONDS else ANY_AGE
