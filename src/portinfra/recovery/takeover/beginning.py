"""How a failover begins: which turn it is, the one under way or a new one."""

from attrs import evolve, frozen

from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import Turn, next_epoch, turns, under_way, written
from portinfra.recovery.options import How
from portinfra.recovery.recovery import Recovery, being_abandoned, cannot_take_over
from portinfra.recovery.situation.facts import Standing, answering, begun, standing
from portinfra.recovery.vault.selection import Selection
from portinfra.words import moment


@frozen
class Beginning:
    """Decided under the target's claim: of two who take over at the same time, one at a time."""

    recovery: Recovery
    how: How
    target: Connection
    ledger: Ledger

    def turn(self) -> Turn:
        """The turn under way, or a new one; written in the ledger."""
        lost, pace = self.how.source_is_lost, self.how.pace
        scope = self.recovery.target_scope
        with self.target.run(scope, workers=pace.workers, seed=pace.seed) as run:
            run.record_peer(self.recovery.peer_of(scope))
            self.ledger.settle()
            here = standing(self.target, scope)
            known = turns(self.ledger.entries())
            found = under_way(known, here.epoch)
            if found and found.abandoned and not lost:
                raise being_abandoned(self.recovery)
            there = Standing() if lost else self._source_stands(here, known)
            found = under_way(known, max(here.epoch, there.epoch))
            if found and here.epoch < (found.abandoned or found.epoch + 1):
                return self._gone_on_with(found, known)
            if here.epoch and not here.fenced:
                raise self._stands_already(here, there)
            if not self.how.last_point:  # where there is nothing to come back from, nothing is stopped
                choice = Selection(self.recovery, self.how, self.target)
                choice.not_over_newer(self.ledger, choice.newest(self.ledger))
            now = self.target.provider.clock.now()
            epoch = next_epoch(now, here.epoch, there.epoch, *(turn.latest for turn in known))
            turn = Turn(
                f"{epoch:x}",
                self.how.occasion,
                epoch,
                now,
                lost=lost,
                lost_at=now if lost else None,
                last_point=self.how.last_point,
            )
            return written(self.ledger, turn)

    def _gone_on_with(self, found: Turn, known: list[Turn]) -> Turn:
        """The turn that was found, as this run wants it. A source that is given up for lost may have been let
        in again meanwhile: the turn becomes later than that.
        """
        lost, planned = self.how.source_is_lost, self.how.last_point
        if planned and found.points and not found.last_point:
            raise self._too_late_to_plan()
        wanted = evolve(found, lost=lost, last_point=(found.last_point or planned) and not lost)
        if lost:
            now = self.target.provider.clock.now()
            epoch = next_epoch(now, *(turn.latest for turn in known))
            lost_at = found.lost_at if found.lost_at is not None else now
            wanted = evolve(wanted, epoch=epoch, abandoned=0, lost_at=lost_at)
        return found if wanted == found else written(self.ledger, wanted)

    def _source_stands(self, here: Standing, known: list[Turn]) -> Standing:
        """What the source knows of whose turn it is. Raises PolicyError where its own way back has begun."""
        with answering(self.recovery) as source:
            back, there = begun(source, self.recovery.turned), standing(source, self.recovery.source_scope)
        latest = max([here.epoch - 1, *(turn.latest for turn in known)])
        if back and back.latest > latest:
            raise cannot_take_over(
                self.recovery,
                "failback-under-way",
                f"the way of {self.recovery.source.name} to stand again has begun and is not done",
                f"Continue it: dr {back.occasion}; or abandon it: dr abandon.",
            )
        return there

    def _stands_already(self, here: Standing, there: Standing) -> PolicyError:
        name, source = self.recovery.target.name, self.recovery.source.name
        if there.epoch > here.epoch:
            message = f"{source} was let in again, and {name}, which stood before, was not told"
            return cannot_take_over(
                self.recovery, "not-fenced", message, f"First of all, stop what runs in {name}: dr fence."
            )
        alone = ""
        if self.how.source_is_lost:
            alone = (
                f" Only if {source} may have been let in again since, and does not answer: to let {name} "
                f"stand above that, dr {self.how.other} --abandon --target-is-lost."
            )
        return self.recovery.refusal(
            f"{name} has taken over already",
            "stands-already",
            f"{name} stands since {moment(here.epoch)}: there is nothing left to do",
            f"What is amiss there is mended with: apply {name}. The way back, when it is time: "
            f"dr {self.how.other}.{alone}",
        )

    def _too_late_to_plan(self) -> PolicyError:
        again = f"give it up with dr {self.how.occasion} --abandon, and begin anew."
        if self.how.occasion == "failover":
            again = f"Leave --planned out to go on; or {again}"
        return cannot_take_over(
            self.recovery,
            "too-late-to-plan",
            "it has begun without a last point, and comes up from what there was: none is carried now",
            again[0].upper() + again[1:],
        )
