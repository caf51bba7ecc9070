"""`abandon`: a failover that cannot be finished is given up, and the source stands again with its own data.

The turn passes on once more, so that whoever was cut off meanwhile finds out: the target is fenced in a new
epoch first, then the source is let in with it. Resumable at any call: the ledger says that it began.
"""

from attrs import evolve, frozen

from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.model.finding import Finding
from portinfra.model.resources import Power
from portinfra.placement import place
from portinfra.recovery.fencing import standing, switch
from portinfra.recovery.ledger import Ledger
from portinfra.recovery.pace import Pace
from portinfra.recovery.subject import Recovery
from portinfra.recovery.turn import turns, under_way, written


@frozen
class Abandoned:
    """A failover, given up."""

    epoch: int
    stopped: int
    """The hosts of the target, which are off now."""
    running: int
    """The hosts of the source, which run again."""


def may_abandon(recovery: Recovery) -> None:
    """Raises PolicyError where no failover is under way."""
    with Connection.to(recovery.target) as target:
        target.account()
        if not under_way(turns(Ledger.settled(target, recovery.ledger).entries())):
            raise _nothing_under_way(recovery)


def abandon(recovery: Recovery, *, target_is_lost: bool = False, pace: Pace | None = None) -> Abandoned:
    """Give up the failover that is under way. What was written in the target stays on its volumes there.

    Where the target is lost, whether it had taken over or not, no call is made to it, and nobody stops it:
    `fence` is the first act on its return. Raises PolicyError where none is under way; Unavailable where an
    end does not answer; it is run again then.
    """
    pace = pace or Pace()
    if target_is_lost:
        return _alone(recovery, pace)
    with Connection.to(recovery.target) as target, Connection.to(recovery.source) as source:
        target.account()
        source.account()
        ledger = Ledger.settled(target, recovery.ledger)
        turn = under_way(turns(ledger.entries()))
        if not turn:
            raise _nothing_under_way(recovery)
        here, there = standing(source, recovery.source_scope), standing(target, recovery.target_scope)
        epoch = turn.abandoned or max(turn.epoch, here.epoch, there.epoch) + 1
        turn = written(ledger, evolve(turn, abandoned=epoch))
        stopped = _turned(recovery, target, epoch, "stopped", pace)
        running = _turned(recovery.turned, source, epoch, "running", pace)
        written(ledger, evolve(turn, open=False))
    return Abandoned(epoch, stopped, running)


def _alone(recovery: Recovery, pace: Pace) -> Abandoned:
    """Let the source stand again with what it has, whatever became of the target."""
    with Connection.to(recovery.source) as source:
        source.account()
        here = standing(source, recovery.source_scope)
        if not here.fenced:
            raise _stands(recovery, here.epoch)
        epoch = here.epoch + 2  # the target may know of one turn more: giving up that was begun
        return Abandoned(epoch, 0, _turned(recovery.turned, source, epoch, "running", pace))


def _stands(recovery: Recovery, epoch: int) -> PolicyError:
    name = recovery.source.name
    fix = f"What is amiss there is mended with: apply {name}."
    return _nothing(recovery, "source-stands", f"{name} is not fenced (epoch {epoch})", fix)


def _turned(recovery: Recovery, at: Connection, epoch: int, power: Power, pace: Pace) -> int:
    """Let the target of a recovery stand or wait in an epoch; how many hosts it has."""
    placed = place(recovery.topology, recovery.target)
    catalogue = at.catalogue()
    with at.run(recovery.target_scope, workers=pace.workers, seed=pace.seed) as run:
        run.declare(epoch=epoch, fenced=power == "stopped")
        return switch(run, placed, catalogue, power, pace.listen)


def _nothing_under_way(recovery: Recovery) -> PolicyError:
    message = f"no failover to {recovery.target.name} has begun, or all are done"
    return _nothing(recovery, "nothing-under-way", message, "To go back from one that is done: dr failback.")


def _nothing(recovery: Recovery, rule: str, message: str, fix: str) -> PolicyError:
    found = Finding(f"recovery/{rule}", message, fix, subject=f"recovery.{recovery.plan.name}")
    return PolicyError("there is nothing to give up", [found])
