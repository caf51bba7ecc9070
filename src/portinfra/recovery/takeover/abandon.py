"""`abandon`: a failover that cannot be finished is given up, and the source stands again with its own data.

The turn passes on once more, so that whoever was cut off meanwhile finds out: the target is fenced in a new
epoch first, then the source is let in with it. Resumable at any call: the ledger says that it began.
`stand_alone` is the same where the target is lost.
"""

from collections.abc import Collection

from attrs import evolve, frozen

from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.model.strict import strict
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import (
    Turn,
    next_epoch,
    stands_from_here,
    stood_since,
    turns,
    under_way,
    written,
)
from portinfra.recovery.options import Pace
from portinfra.recovery.points.point import points
from portinfra.recovery.recovery import Recovery, check_points
from portinfra.recovery.situation.facts import read_facts, standing
from portinfra.recovery.situation.permissions import Verb
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.takeover.fencing import switched
from portinfra.recovery.vault.listing import look_for
from portinfra.validation.arguments import check_arguments


@frozen(field_transformer=strict)
class Abandoned:
    """A failover, given up."""

    epoch: int
    stopped: int | None
    """The hosts of the target, which are off now; None where it is lost, and nobody has stopped it."""
    running: int
    """The hosts of the source, which run again."""


@check_arguments
def may_abandon(recovery: Recovery) -> Recovery:
    """Return the way of the takeover that is abandoned: its target is stopped, and its source becomes active
    again. Raise PolicyError where none is open, or where the end that takes over has the newest data.
    """
    now = read_facts(recovery)
    raise_if_refused(recovery, Verb("abandon"), now)
    to = now.active if now.phase == "taking over" else now.waiting
    declared = recovery.declared
    return declared if to == "target" else declared.turned


@check_arguments
def abandon(recovery: Recovery, *, pace: Pace | None = None) -> Abandoned:
    """Abandon the takeover that is open, in either direction. What was written at the end that took over
    stays on its volumes.

    Raises what `may_abandon` raises; LeaseHeldError while another run continues the takeover; Unavailable
    where an end does not answer. Run it again then.
    """
    pace = pace or Pace()
    recovery = may_abandon(recovery)
    with Connection.to(recovery.target) as target, Connection.to(recovery.source) as source:
        with target.run(recovery.target_scope, workers=pace.workers, seed=pace.seed) as run:
            may_abandon(recovery)  # another run may have finished it meanwhile
            ledger = Ledger(target, recovery.ledger)
            here, now = standing(source, recovery.source_scope), target.provider.clock.now()
            turn = _open_turn(recovery, ledger, int(now))
            epoch = next_epoch(now, turn.latest, here.epoch, run.lease.epoch)
            turn = written(ledger, evolve(turn, abandoned=epoch))
            stopped = switched(run, target, recovery, epoch, "stopped", pace.listen)
        with source.run(recovery.source_scope, workers=pace.workers, seed=pace.seed) as run:
            running = switched(run, source, recovery, epoch, "running", pace.listen)
        written(ledger, evolve(turn, open=False))
    return Abandoned(epoch, stopped, running)


def _open_turn(recovery: Recovery, ledger: Ledger, now: int) -> Turn:
    """Return the takeover that is open; a new one where its entry is damaged."""
    known = turns(ledger.entries())
    newest = max(known, key=lambda turn: turn.latest, default=None)
    if newest and newest.open:
        return newest
    epoch = next_epoch(now, *(turn.latest for turn in known))
    return Turn(f"{epoch:x}", "failback" if recovery.is_reversed else "failover", epoch, now)


@check_arguments
def stand_alone(recovery: Recovery, *, without: Collection[str] = (), pace: Pace | None = None) -> Abandoned:
    """Let the source stand with what it has, where the target is lost, whether that had taken over or not. No
    call is made to the target, and nobody stops it: `fence` is the first act on its return. Points in
    `without`, by their ids, are damaged: no newer data is lost with them.

    Raises PolicyError where the source has points with newer data than its own volumes.
    """
    pace = pace or Pace()
    with Connection.to(recovery.source) as source:
        source.account()
        known = _no_newer_points(recovery, source, without)
        with source.run(recovery.source_scope, workers=pace.workers, seed=pace.seed) as run:
            now, latest = source.provider.clock.now(), (turn.latest for turn in known)
            epoch = next_epoch(now, run.lease.epoch, *latest)

            def decided() -> None:
                """Points that are left aside are older from here on than what is written to the volumes."""
                stands_from_here(Ledger(source, recovery.turned.ledger), f"alone-{epoch:x}")

            running = switched(run, source, recovery, epoch, "running", pace.listen, decided)
            return Abandoned(epoch, None, running)


def _no_newer_points(recovery: Recovery, source: Connection, without: Collection[str] = ()) -> list[Turn]:
    """The turns to the source. Raises PolicyError where its volumes are not what it should stand with: newer
    data has come to it from the target, or a turn has begun to give them other data.
    """
    here, name = recovery.turned, recovery.source.name  # whatever has come from the target lies at the source
    entries = Ledger.settled(source, here.ledger).entries()
    known, stood = turns(entries), stood_since(entries)
    ids = {*(point.id for point in points(entries)), *(id for turn in known for id in turn.points)}
    check_points(recovery, without, ids)
    snapshots, vault = source.observe(here.points), look_for(here, points(entries))
    lead = (
        f"Bring {name} up from its points: dr failback, or dr failover, whichever leads to {name}; with "
        f"--source-is-lost where {recovery.target.name} does not answer"
    )
    for point in points(entries):
        newer = point.entry.number > stood and point.restorable(snapshots, vault.points)
        if newer and point.id not in without:
            what = f"point {point.id}, which has come from {recovery.target.name}, is newer than"
            fix = f"{lead}. Where that is lost, and the point damaged: this again, with --without-point."
            raise _not_as_it_is(recovery, "newer-points", what, fix)
    begun = under_way(known, standing(source, recovery.source_scope).epoch)
    if begun and begun.points:
        what = f"turn {begun.id} has begun to give other data to"
        fix = f"{lead}, and with --without-point where the newest are damaged."
        raise _not_as_it_is(recovery, "half-replaced", what, fix)
    return known


def _not_as_it_is(recovery: Recovery, rule: str, what: str, fix: str) -> PolicyError:
    name = recovery.source.name
    return recovery.refusal(
        f"{name} cannot stand with what it has", rule, f"{what} the volumes of {name}", fix
    )
