"""Whose turn it is: an epoch in the claims of both environments, and a fence round the one that waits.

A fenced environment's hosts are off, whoever applies it. The environment with the higher epoch is the one
that stands; one that was cut off when its peer took over finds the higher epoch there when it comes back. An
epoch is the moment of a decision: who decides without the other end, which is silent, decides later than it.
"""

from collections.abc import Callable

from attrs import evolve

from portinfra.errors import ApplyError, PolicyError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.model.catalogue import Catalogue
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.progress import Listener
from portinfra.model.resources import Instance, Power
from portinfra.placement import place
from portinfra.recovery.options import Pace
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import hosts_on, standing
from portinfra.words import moment


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
