"""What both environments say of takeovers: in their leases and in the ledgers."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen

from portinfra.errors import OutcomeUnknown, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.address import Scope
from portinfra.model.observed import Observation
from portinfra.model.resources import Instance
from portinfra.recovery.ledger.entries import Unreadable
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import KIND as TAKEOVER
from portinfra.recovery.ledger.takeovers import Turn, stood_since, turns, under_way
from portinfra.recovery.recovery import Recovery


@frozen
class Standing:
    """What the newest lease of an environment says."""

    epoch: int = 0
    fenced: bool = False

    def has_taken_over_from(self, other: "Standing") -> bool:
        """Whether the other one waits, or would if it could be told."""
        later = self.epoch > other.epoch or (self.epoch == other.epoch and other.fenced)
        return later and not self.fenced and self.epoch > 0


def standing(place: Connection, scope: Scope) -> Standing:
    """Whose turn it is, as an environment knows it."""
    leases = place.leases(scope)
    return Standing(leases[-1].epoch, leases[-1].fenced) if leases else Standing()


@contextmanager
def answering(recovery: Recovery) -> Iterator[Connection]:
    """The source, which must answer: what cannot be stopped may go on working."""
    with Connection.to(recovery.source) as source:
        try:
            source.account()
        except (Unavailable, OutcomeUnknown) as error:
            raise Unavailable(
                f"{recovery.source.name} does not answer, so it cannot be stopped first: {error}",
                provider=recovery.source.provider,
                fix="Wait for it; or, if it will not come back, run this with --source-is-lost.",
            ) from error
        yield source


def begun(target: Connection, recovery: Recovery) -> Turn | None:
    """The turn to a target that is under way there, and was not overtaken by what its claim knows."""
    known = turns(Ledger.settled(target, recovery.ledger).entries())
    return under_way(known, standing(target, recovery.target_scope).epoch)


@frozen
class Takeovers:
    """What the ledgers of both ends say of takeovers that are not finished."""

    under_way: Turn | None
    """The takeover that has begun, in either direction; of two, the newer."""
    unreadable: tuple[Unreadable, ...] = ()
    """Entries that cannot be read, each of a takeover that may not be finished."""


def read_takeovers(recovery: Recovery, source: Connection, target: Connection) -> Takeovers:
    """Return the takeovers that have begun and are not finished. Waits until lists show all.

    A takeover counts no longer once the other end knows a later epoch, or once its end was active since.
    """
    pauses = [
        (end.provider.clock, end.provider.clock.now() + end.provider.capabilities.visibility_seconds)
        for end in (source, target)
    ]
    for clock, until in pauses:  # both at once: each is counted from now
        clock.sleep_until(until)
    here, there = standing(source, recovery.source_scope), standing(target, recovery.target_scope)
    to_target, to_source = (
        Ledger(end, scope).read()
        for end, scope in ((target, recovery.ledger), (source, recovery.turned.ledger))
    )
    forth = under_way(turns(to_target.entries), there.epoch)
    back = under_way(turns(to_source.entries), here.epoch)
    known = [turn for turn, other in ((forth, here), (back, there)) if turn and turn.latest >= other.epoch]
    damaged = [
        each
        for ledger in (to_target, to_source)
        for each in ledger.unreadable
        if each.kind == TAKEOVER and each.open and each.number > stood_since(ledger.entries)
    ]
    return Takeovers(max(known, key=lambda turn: turn.latest, default=None), tuple(damaged))


def hosts_on(there: Observation) -> bool:
    """Whether any host is on, or may be: a fence that was begun and not finished leaves some."""
    return bool(there.unknown) or any(
        isinstance(seen.spec, Instance) and seen.spec.power == "running" for seen in there.resources.values()
    )
