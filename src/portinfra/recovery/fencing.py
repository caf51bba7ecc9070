"""Whose turn it is: an epoch in the claims of both environments, and a fence round the one that waits.

A fenced environment's hosts are off, whoever applies it. The environment with the higher epoch is the one
that stands; one that was cut off when its peer took over finds the higher epoch there when it comes back. An
epoch is the moment of a decision: who decides without the other end, which is silent, decides later than it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import evolve, frozen

from portinfra.errors import ApplyError, OutcomeUnknown, PolicyError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.model.address import Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.progress import Listener
from portinfra.model.resources import Instance, Power
from portinfra.placement import place
from portinfra.recovery.entries import Unreadable
from portinfra.recovery.ledger import Ledger
from portinfra.recovery.pace import Pace
from portinfra.recovery.subject import Recovery
from portinfra.recovery.turn import KIND as TAKEOVER
from portinfra.recovery.turn import Turn, stood_since, turns, under_way
from portinfra.validation.arguments import check_arguments
from portinfra.words import moment


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


def switch(run: Run, placed: Placed, catalogue: Catalogue, power: Power, listen: Listener) -> int:
    """Switch every host that is there off or on, and change nothing else; how many there are.

    What is there is wanted as it is but for that: whatever else has drifted is none of the fence's business,
    and no finding about it (an image that is offered no more) keeps the hosts running. Raises ApplyError; and
    Unavailable, once the rest is done, where a zone is silent: what is not seen may run.
    """
    there = run.reader.observe(placed.scope)
    wanted = {
        address: evolve(seen.spec, power=power) if isinstance(seen.spec, Instance) else seen.spec
        for address, seen in there.resources.items()
    }
    hosts = frozenset(address for address, spec in wanted.items() if isinstance(spec, Instance))
    plan = run.plan(evolve(placed, resources=wanted), catalogue, PlanOptions(addresses=hosts))
    try:
        if not plan.empty:
            run.apply(plan, listen)
    except ApplyError as error:
        if not error.outcome.unverified:
            raise
    if there.unknown:
        raise Unavailable(
            f"{', '.join(sorted(there.unknown))} did not answer: what runs there has not been {power}",
            provider=run.reader.provider.name,
            fix="Wait until it answers, and run this again.",
        )
    return len(hosts)


def switched(
    run: Run,
    at: Connection,
    recovery: Recovery,
    epoch: int,
    power: Power,
    listen: Listener,
    decided: Callable[[], None] = lambda: None,
) -> int:
    """Let an end of a recovery stand or wait in an epoch, with all its hosts on or off; how many it has. Once
    the claim says so, that is `decided`; only then is anything switched.

    The run holds its claim. Raises PolicyError where that knows of a later epoch, and what `switch` raises.
    """
    if run.lease.epoch > epoch:
        raise passed_on(recovery, run.lease.epoch)
    catalogue = at.catalogue()
    placed = place(recovery.topology, at.environment)
    run.record_fence(epoch=epoch, fenced=power == "stopped")
    run.record_peer(recovery.peer_of(placed.scope))
    decided()
    return switch(run, placed, catalogue, power, listen)


def passed_on(recovery: Recovery, epoch: int) -> PolicyError:
    """That what was to be done here is of an earlier epoch."""
    return recovery.refusal(
        "somebody else was faster",
        "passed-on",
        f"meanwhile it was decided otherwise ({moment(epoch)})",
        "Look at dr status before anything else; dr fence stops whoever was overtaken and not told.",
    )


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


@check_arguments
def may_fence(recovery: Recovery) -> tuple[Recovery, int]:
    """Who is to be fenced, as the source of what is returned, and in which epoch: the source; or a target
    that came back after it was given up for lost. Raises PolicyError where neither was taken over from.
    """
    with Connection.to(recovery.target) as target:
        target.account()
        there = standing(target, recovery.target_scope)
        away = target.observe(recovery.target_scope)
    with Connection.to(recovery.source) as source:
        source.account()
        here = standing(source, recovery.source_scope)
    if there.has_taken_over_from(here):
        return recovery, there.epoch
    untold = not there.fenced or there.epoch < here.epoch or hosts_on(away)
    if here.has_taken_over_from(there) and untold:
        return recovery.turned, here.epoch
    raise recovery.refusal(
        "there is nobody to fence",
        "source-stands",
        f"{recovery.target.name} has not taken over, or {recovery.source.name} is stopped already",
        "dr status tells who stands. To let the target take over: dr failover.",
    )


@check_arguments
def fence(recovery: Recovery, *, pace: Pace | None = None) -> int:
    """Stop whoever has come back after the other one took over; how many hosts it has.

    Raises PolicyError where nobody has: then the source is the one that stands.
    """
    pace = pace or Pace()
    recovery, epoch = may_fence(recovery)
    with (
        Connection.to(recovery.source) as source,
        source.run(recovery.source_scope, workers=pace.workers, seed=pace.seed) as run,
    ):
        return switched(run, source, recovery, epoch, "stopped", pace.listen)
