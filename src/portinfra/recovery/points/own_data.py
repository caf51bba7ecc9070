"""The moment of the data on own volumes of an end that another end has overtaken. Pure."""

from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.departures import left_epoch
from portinfra.recovery.ledger.ledger import Contents
from portinfra.recovery.ledger.points import points
from portinfra.recovery.ledger.takeovers import TakeoverEntry, activated_number, list_takeovers
from portinfra.recovery.points.ages import Age, Ages, age_at
from portinfra.recovery.situation.situation import End, Situation, peer_of

ANY_AGE = 1.0
"""The moment that marks data of any age."""


def own_data_time(epoch: int, contents: Contents, now: float) -> float:
    """Return the moment of the data on own volumes of an end that is no longer active.

    It is the decision that made the other end active. If takeovers to this end were not finished since, it
    is the earliest of three moments: of that decision, of the own volumes that they kept, and of the points
    that they restored. To abandon a takeover makes no data newer. A takeover that kept own volumes of unknown
    age leaves their age unknown. `epoch` is that of the end's lease. A point whose time is not believed has
    the time that `Ages` gives it. Without one, the data may be of any age.
    """
    since = activated_number(contents)
    later = [each for each in list_takeovers(contents.entries) if each.number > since]
    used = {id for each in later if each.restored for id in each.points}
    ages = Ages(points(contents.entries), now)
    times = [ages.effective_time(point) or ANY_AGE for point in ages.points if point.id in used]
    kept = [turn.own_until or ANY_AGE for turn in later if turn.own or not turn.restored]
    return min([believable_time(left_epoch(epoch, contents), now), *kept, *times])


def written_until(now: Situation, end: End, turn: TakeoverEntry, time: float) -> float | None:
    """Return until when own data of `end` was written, for a takeover that began without the other end, now
    that both ends answer. None: not known.

    It is the decision that made the other end active, unless that came after the takeover had begun: an
    earlier one had left `end` then. If own volumes of `end` have the newest data, they have all writes.
    """
    if turn.own_until is not None:
        return turn.own_until
    if now.holder == end:
        return time
    other = now.facts(peer_of(end)).activated
    return believable_time(other.epoch, time) if other and other.epoch <= turn.began else None


def own_data_age(turn: TakeoverEntry, moment: float) -> Age:
    """Return the age at a moment of own data of the end that takes over."""
    if turn.own_until is None or turn.own_until == ANY_AGE:
        return Age(None, exact=False)
    return Age(age_at(turn.own_until, moment))


def believable_time(epoch: int, now: float) -> float:
    """Return the moment of an epoch. An epoch in the future is not accepted: the data may be of any age."""
    return float(epoch) if epoch <= now + AHEAD_SECONDS else ANY_AGE
