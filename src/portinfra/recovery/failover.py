"""`failover`: the target takes over. Resumable at any call: what was decided stands in the ledger, as a turn.

1. The ledger says that it began, and the epoch that it leads to.
2. The source is fenced: the epoch and the fence in its claim, its hosts off. Where the source is lost, no
   call is made to it, and `fence` is the first act on its return.
3. The points are chosen, the newest that there are now that the source stands still.
4. The target's claim gets the epoch; its roles come back, wave by wave, from those points.
5. The ledger says that it is done.
"""

from collections.abc import Collection, Mapping
from typing import Any

from attrs import define, evolve, field, frozen

from portinfra.errors import PolicyError, PortinfraError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.model.catalogue import Catalogue
from portinfra.model.evidence import Evidence, Kind
from portinfra.model.finding import Finding
from portinfra.model.resources import Instance, Volume
from portinfra.placement import place
from portinfra.recovery.drill import choose
from portinfra.recovery.fencing import answering, standing, switch
from portinfra.recovery.ledger import Ledger
from portinfra.recovery.pace import Pace
from portinfra.recovery.points import Point, points
from portinfra.recovery.replicate import replicate
from portinfra.recovery.restore import sourced
from portinfra.recovery.shown import shown
from portinfra.recovery.subject import Recovery
from portinfra.recovery.turn import Turn, mark, turns, under_way, written
from portinfra.recovery.vault.carriage import look, receive
from portinfra.recovery.waves import Ascent, Bringing, Say


@frozen
class How:
    """How a failover goes about it. What the ledger says of one that has begun holds besides."""

    source_is_lost: bool = False
    """Make no call to the source."""
    last_point: bool = False
    """Once the source is stopped, carry one more point: nothing is lost. Needs a source that answers."""
    without: Collection[str] = ()
    """Points, by their ids, that are not to be used: damaged ones, or ones made when it was too late."""
    occasion: Kind = "failover"
    pace: Pace = field(factory=Pace)


def failover(recovery: Recovery, how: How | None = None, *, say: Say = lambda line: None) -> Evidence:
    """Take over. Run again after a failure, it goes on with what was decided.

    Raises PolicyError where the target has taken over already, or a role's data has no point; ClaimedError
    where somebody else is at it; ProviderError.
    """
    with Connection.to(recovery.target) as target:
        ledger = Ledger(target, recovery.ledger)
        return _Failover(recovery, how or How(), say, target, target.catalogue(), ledger).carried_out()


@define
class _Failover:
    recovery: Recovery
    how: How
    say: Say
    target: Connection
    catalogue: Catalogue
    ledger: Ledger

    def carried_out(self) -> Evidence:
        turn = self._fenced(self._begun())
        if turn.last_point and not turn.points:
            self._last_point()
        chosen = self._chosen(turn)
        receive(self.recovery, self.target, chosen, self.how.pace, self.say)
        with self._claimed() as run:
            if run.claim.epoch > turn.epoch:
                raise self._passed_on(run.claim.epoch)
            there = self.target.observe(self.recovery.points)
            placed = sourced(place(self.recovery.topology, self.recovery.target), chosen, there)
            turn = self._agreed(turn, chosen)
            run.declare(epoch=turn.epoch, fenced=False)
            sensitive = self.recovery.sensitive
            bringing = Bringing(self.target, run, self.catalogue, placed, self.how.pace.listen, sensitive)
            ascent = Ascent(
                self.recovery,
                bringing,
                turn.occasion,
                self.say,
                done=turn.done,
                restored=turn.restored,
                has_data=lambda roles: self._note(
                    turn.id, restored=(*self._turn(turn.id).restored, *map(mark, roles))
                ),
                note=lambda action: self._note(turn.id, done=(*self._turn(turn.id).done, mark(action))),
            )
            ascent.climb()
            turn = self._turn(turn.id)
            whole = ascent.up_at is not None and self._announced(ascent)
            until = turn.began if turn.fenced_at is None else turn.fenced_at
            fenced = turn.fenced_at is not None
            evidence = shown(ascent, turn.id, chosen, began=turn.began, until=until, source_fenced=fenced)
            if whole:
                written(self.ledger, evolve(turn, open=False, rto=evidence.rto_measured))
        return evidence

    # Beginning.

    def _claimed(self) -> Run:
        """The target's claim: of two who take over at the same time, one at a time decides."""
        pace = self.how.pace
        return self.target.run(self.recovery.target_scope, workers=pace.workers, seed=pace.seed)

    def _begun(self) -> Turn:
        """The turn under way, or a new one."""
        with self._claimed():
            self.ledger.settle()
            here = standing(self.target, self.recovery.target_scope)
            known = turns(self.ledger.entries())
            found = under_way(known)
            if found and found.abandoned and not self.how.source_is_lost:
                raise _refused(self.recovery, *_BEING_ABANDONED)
            if found and (found.epoch < here.epoch or found.abandoned):
                found = None  # the turn has passed on since, or was to, to a source that is lost
            for turn in known:
                if turn.open and turn != found:
                    written(self.ledger, evolve(turn, open=False))
            if found:
                planned = found.last_point or self.how.last_point
                if found.points and self.how.last_point and not found.last_point:
                    raise _refused(self.recovery, *_TOO_LATE_TO_PLAN)
                wanted = evolve(found, last_point=planned and not self.how.source_is_lost)
                return found if wanted == found else written(self.ledger, wanted)
            if here.epoch and not here.fenced:
                raise self._stands_already(here.epoch)
            if self.how.source_is_lost:
                self._not_over_newer(known)
            if not self.how.last_point:
                self._newest()  # where there is nothing to come back from, nothing is stopped
            now = self.target.provider.clock.now()
            turn = Turn(f"{int(now):x}", self.how.occasion, self._next_epoch(here.epoch, known), now)
            return written(self.ledger, evolve(turn, last_point=self.how.last_point))

    def _not_over_newer(self, known: list[Turn]) -> None:
        """Refuse to give up what lies on the target for older data: it stood since the points were made, and
        the source, which may have newer data, is lost.
        """
        stood = [
            turn.began for turn in known if not turn.open and not turn.abandoned and turn.rto is not None
        ]
        there = self.target.observe(self.recovery.target_scope).resources
        if not stood or not any(isinstance(seen.spec, Volume) for seen in there.values()):
            return
        chosen, _ = choose(self.recovery, self.target, self.ledger, self.how.without)
        if all(point.taken >= stood[-1] for point in chosen):
            return
        name = self.recovery.target.name
        raise _refused(
            self.recovery,
            "newer-data",
            f"what lies on the volumes of {name} is newer than any point: it has stood since they were made",
            f"To let {name} stand with what it has: dr failback --abandon --target-is-lost.",
        )

    def _next_epoch(self, here: int, known: list[Turn]) -> int:
        epoch = max([here, *(turn.latest for turn in known)]) + 1
        if self.how.source_is_lost:
            return epoch + 1  # the source may know of one turn more: its own way back
        with answering(self.recovery) as source:
            source.account()
            back = under_way(turns(Ledger.settled(source, self.recovery.turned.ledger).entries()))
            if back and back.latest >= here:
                raise _refused(
                    self.recovery,
                    "failback-under-way",
                    f"the way back to {self.recovery.source.name} has begun and is not done",
                    "Finish that first: dr failback goes on where it stopped; --abandon gives it up.",
                )
            return max(epoch, standing(source, self.recovery.source_scope).epoch + 1)

    def _stands_already(self, epoch: int) -> PolicyError:
        name = self.recovery.target.name
        found = Finding(
            "recovery/stands-already",
            f"{name} stands since epoch {epoch}: there is nothing left to do",
            f"What is amiss there is mended with: apply {name}. The way back, when it is time: dr failback.",
            subject=f"recovery.{self.recovery.plan.name}",
        )
        return PolicyError(f"{name} has taken over already", [found])

    def _passed_on(self, epoch: int) -> PolicyError:
        return _refused(
            self.recovery,
            "passed-on",
            f"meanwhile somebody else has decided otherwise (epoch {epoch})",
            "Look at dr status before anything else.",
        )

    # The source.

    def _fenced(self, turn: Turn) -> Turn:
        """The turn, once the source is stopped, if that can be."""
        source_name, pace = self.recovery.source.name, self.how.pace
        if self.how.source_is_lost:
            fenced = "it is not fenced" if turn.fenced_at is None else "it was stopped before"
            self.say(f"{source_name} is lost: {fenced}")
            return turn
        self.say(f"fencing {source_name}")
        with answering(self.recovery) as source:
            catalogue = source.catalogue()
            placed = place(self.recovery.topology, self.recovery.source)
            with source.run(self.recovery.source_scope, workers=pace.workers, seed=pace.seed) as run:
                known = run.claim.epoch + (not run.claim.fenced)
                if known > turn.epoch:  # the source has had a turn since, or was silent when this one began
                    turn = written(self.ledger, _afresh(turn, known))
                run.declare(epoch=turn.epoch, fenced=True)
                try:
                    switch(run, placed, catalogue, "stopped", pace.listen)
                except Unavailable as error:
                    raise self._half_stopped(error) from error
        now = next((each for each in self._turns_now() if each.id == turn.id), turn)
        if now.abandoned or not now.open:  # by somebody else, while this waited for the source
            raise self._passed_on(now.latest)
        if now.fenced_at is None:
            now = written(self.ledger, evolve(now, fenced_at=self.target.provider.clock.now()))
        return now

    def _half_stopped(self, error: Unavailable) -> Unavailable:
        """What has begun by then, whoever reads it should know."""
        return Unavailable(
            f"{self.recovery.source.name} is fenced, and not all of it is stopped: {error}",
            provider=self.recovery.source.provider,
            fix="This has begun, and no apply wakes what is off. Run it again once all of it answers; if it "
            "will not come back, with --source-is-lost; or give this up: --abandon.",
        )

    def _last_point(self) -> None:
        """One more point, of hosts that are stopped."""
        plan = self.recovery.plan
        quiet = evolve(plan, data=[evolve(policy, before=(), after=()) for policy in plan.data])
        made = replicate(
            evolve(self.recovery, plan=quiet), now=True, stopped=True, pace=self.how.pace, say=self.say
        )
        if not made.succeeded:
            problems = "; ".join(f"{group.group}: {group.problem}" for group in made.groups if group.problem)
            raise PortinfraError(
                f"the last point failed: {problems}", fix="Run it again: it goes on from here."
            )

    # The points.

    def _chosen(self, turn: Turn) -> list[Point]:
        """What the target's data comes from: as was agreed, if the target may have changed already."""
        if not turn.points or set(turn.points) & set(self.how.without):
            return self._newest()
        there, vault = self.target.observe(self.recovery.points), look(self.recovery)
        known = {point.id: point for point in points(self.ledger.entries())}
        lost = [id for id in turn.points if id not in known or not known[id].restorable(there, vault.points)]
        if lost:
            fix = "To use an older one: dr failover --without-point."
            if turn.occasion == "failback":
                fix = "Give this way back up, and begin anew: dr failback --abandon."
            raise PolicyError(
                f"{self.recovery.target_scope} cannot take over from what it began with",
                [_no_point(f"point {id} cannot be restored", fix) for id in lost],
            )
        return [known[id] for id in turn.points]

    def _newest(self) -> list[Point]:
        chosen, missing = choose(self.recovery, self.target, self.ledger, self.how.without)
        if missing:
            fix = (
                "Look at dr status; make one with: dr replicate --now. Where the source is lost, declare the "
                "target without what no point has data for."
            )
            findings = [_no_point(why, fix) for why in missing]
            raise PolicyError(f"{self.recovery.target_scope} cannot take over", findings)
        return chosen

    def _agreed(self, turn: Turn, chosen: list[Point]) -> Turn:
        """The turn with these points, under the claim: from here on nobody uses others for it."""
        now = next((each for each in self._turns_now() if each.id == turn.id), None)
        if now is None or not now.open or now.epoch != turn.epoch:
            raise self._stands_already(turn.epoch)
        if now.abandoned:
            raise _refused(self.recovery, *_BEING_ABANDONED)
        ids = tuple(point.id for point in chosen)
        if now.points and now.points != ids and not set(now.points) & set(self.how.without):
            raise _refused(
                self.recovery,
                "decided-meanwhile",
                f"somebody else has begun to bring {self.recovery.target.name} up from other points",
                "Run this again: it goes on with those.",
            )
        return (
            now if now.points == ids else written(self.ledger, evolve(now, points=ids, restored=(), done=()))
        )

    def _turns_now(self) -> list[Turn]:
        """As the target's cloud has them, whatever this run has written itself before."""
        self.ledger = Ledger.settled(self.target, self.recovery.ledger)
        return turns(self.ledger.entries())

    # Bringing up.

    def _turn(self, id: str) -> Turn:
        return next(each for each in turns(self.ledger.entries()) if each.id == id)

    def _note(self, id: str, **come: Any) -> None:
        """How far it has come: whoever goes on, goes on from there."""
        written(self.ledger, evolve(self._turn(id), **come))

    def _announced(self, ascent: Ascent) -> bool:
        """Tell the names' keeper where the hosts are now; whether it took it."""
        hosts: Mapping[str, str] = {
            spec.name: spec.private_address
            for spec in ascent.bringing.placed.resources.values()
            if isinstance(spec, Instance)
        }
        dns = self.recovery.target.dns
        if dns is None:
            return True
        try:
            dns(hosts)
        except Exception as error:  # a user's own function: whatever it raises, the hosts are up
            why = f"{type(error).__name__}: {error}".partition("\n")[0]
            ascent.reasons.append(f"the names were not changed ({why}); run it again, and it tries again")
            return False
        return True


def _afresh(turn: Turn, epoch: int) -> Turn:
    """The turn in a later epoch: whatever it had come to was of an earlier time."""
    return evolve(turn, epoch=epoch, fenced_at=None, points=(), restored=(), done=())


_BEING_ABANDONED = (
    "being-abandoned",
    "the failover that had begun is being given up, and that is not done",
    "Finish that first: the same command with --abandon.",
)


_TOO_LATE_TO_PLAN = (
    "too-late-to-plan",
    "it has begun without --planned, and comes up from points that there were: no last one is carried",
    "Leave --planned out to go on; or give it up with --abandon, and begin anew.",
)


def _refused(recovery: Recovery, rule: str, message: str, fix: str) -> PolicyError:
    found = Finding(f"recovery/{rule}", message, fix, subject=f"recovery.{recovery.plan.name}")
    return PolicyError(f"{recovery.target_scope} cannot take over", [found])


def _no_point(why: str, fix: str) -> Finding:
    return Finding("recovery/no-point", why, fix)
