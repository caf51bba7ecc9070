"""`failover`: the target takes over. Resumable at any call: what was decided stands in the ledger, as a turn.

1. The ledger says that it began, and the epoch that it leads to.
2. The source is fenced: the epoch and the fence in its claim, its hosts off. Where the source is lost, no
   call is made to it, and `fence` is the first act on its return.
3. The points are chosen, the newest that there are now that the source stands still.
4. The target's claim gets the epoch; its roles come back, wave by wave, from those points.
5. The ledger says that it is done.
"""

from collections.abc import Mapping
from typing import Any

from attrs import define, evolve

from portinfra.errors import PolicyError, PortinfraError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.model.catalogue import Catalogue
from portinfra.model.evidence import Evidence
from portinfra.model.finding import Finding
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance, Volume
from portinfra.placement import place
from portinfra.recovery.drill import choose
from portinfra.recovery.fencing import Standing, answering, begun, passed_on, standing, switched
from portinfra.recovery.groups import groups
from portinfra.recovery.how import How
from portinfra.recovery.ledger import Ledger
from portinfra.recovery.points import Point, points
from portinfra.recovery.replicate import replicate
from portinfra.recovery.restore import sourced
from portinfra.recovery.shown import shown
from portinfra.recovery.subject import Recovery
from portinfra.recovery.turn import (
    Turn,
    as_said,
    mark,
    next_epoch,
    stands_from_here,
    stood_since,
    turns,
    under_way,
    written,
)
from portinfra.recovery.vault.carriage import look, receive
from portinfra.recovery.waves import Ascent, Bringing, Say
from portinfra.words import moment


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
                raise passed_on(self.recovery, run.claim.epoch)
            there = self.target.observe(self.recovery.points)
            placed = sourced(place(self.recovery.topology, self.recovery.target), chosen, there)
            turn = self._agreed(turn, placed, chosen)
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
            fenced = turn.fenced_at is not None and not turn.lost  # else it may have been let in again since
            until = turn.fenced_at if turn.fenced_at is not None and fenced else turn.given_up_at
            evidence = shown(ascent, turn.id, chosen, began=turn.began, until=until, source_fenced=fenced)
            if whole:
                stands_from_here(self.ledger, turn)
                written(self.ledger, evolve(turn, open=False))
        return evidence

    # Beginning.

    def _claimed(self) -> Run:
        """The target's claim: of two who take over at the same time, one at a time decides."""
        pace = self.how.pace
        return self.target.run(self.recovery.target_scope, workers=pace.workers, seed=pace.seed)

    def _begun(self) -> Turn:
        """The turn under way, or a new one."""
        lost = self.how.source_is_lost
        with self._claimed():
            self.ledger.settle()
            here = standing(self.target, self.recovery.target_scope)
            known = turns(self.ledger.entries())
            found = under_way(known, here.epoch)
            if found and found.abandoned and not lost:
                raise self._being_abandoned()
            there = Standing() if lost else self._source_stands(here, known)
            found = under_way(known, max(here.epoch, there.epoch))
            if found and here.epoch < (found.abandoned or found.epoch + 1):
                return self._gone_on_with(found, known)
            if here.epoch and not here.fenced:
                raise self._stands_already(here, there)
            if not self.how.last_point:
                newest = self._newest()  # where there is nothing to come back from, nothing is stopped
                self._not_over_newer(newest, lost=lost)
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
            self._not_too_large(turn)
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
            raise self._refused(
                "failback-under-way",
                f"the way of {self.recovery.source.name} to stand again has begun and is not done",
                f"Finish that first: dr {self.how.other} goes on where it stopped; --abandon gives it up.",
            )
        return there

    def _not_too_large(self, turn: Turn) -> None:
        """Refuse what the ledger could not tell of once it has come far."""
        plan, longest = self.recovery.plan, turn.epoch + 0.123
        each = groups(self.recovery, place(self.recovery.topology, self.recovery.target))
        fullest = evolve(
            turn,
            fenced_at=longest,
            lost_at=longest,
            abandoned=turn.epoch,
            points=("01234567",) * len(each),
            restored=tuple(map(mark, plan.roles)),
            done=tuple(mark(action.name) for action in plan.actions),
        )
        if not self.ledger.fits(as_said(fullest)):
            raise self._refused(
                "too-large",
                f"{len(plan.roles)} roles with {len(each)} points are more than one turn can hold",
                "Let several roles share a point: give their data blocks the same group.",
            )

    def _stands_already(self, here: Standing, there: Standing) -> PolicyError:
        name, source = self.recovery.target.name, self.recovery.source.name
        if there.epoch > here.epoch:
            message = f"{source} was let in again, and {name}, which stood before, was not told"
            return self._refused("not-told", message, f"First of all, stop what runs in {name}: dr fence.")
        nothing = "there is nothing left to do"
        mend = f"What is amiss there is mended with: apply {name}."
        if self.how.source_is_lost:
            nothing = f"what {source} has decided since, nobody knows"
            mend = (
                f"To let it stand above that, all hosts on: dr {self.how.other} --abandon --target-is-lost."
            )
        return self.recovery.refusal(
            f"{name} has taken over already",
            "stands-already",
            f"{name} stands since {moment(here.epoch)}: {nothing}",
            f"{mend} The way back, when it is time: dr {self.how.other}.",
        )

    def _being_abandoned(self) -> PolicyError:
        return self._refused(
            "being-abandoned",
            "the failover that had begun is being given up, and that is not done",
            "Finish that first: the same command with --abandon.",
        )

    def _too_late_to_plan(self) -> PolicyError:
        again = f"give it up with dr {self.how.occasion} --abandon, and begin anew."
        if self.how.occasion == "failover":
            again = f"Leave --planned out to go on; or {again}"
        return self._refused(
            "too-late-to-plan",
            "it has begun without a last point, and comes up from what there was: none is carried now",
            again[0].upper() + again[1:],
        )

    def _refused(self, rule: str, message: str, fix: str) -> PolicyError:
        return self.recovery.refusal(f"{self.recovery.target_scope} cannot take over", rule, message, fix)

    # The source.

    def _fenced(self, turn: Turn) -> Turn:
        """The turn, once the source is stopped, if that can be."""
        source_name, pace = self.recovery.source.name, self.how.pace
        if self.how.source_is_lost:
            self.say(f"{source_name} is lost: it is not fenced")
            return turn
        self.say(f"fencing {source_name}")
        with (
            answering(self.recovery) as source,
            source.run(self.recovery.source_scope, workers=pace.workers, seed=pace.seed) as run,
        ):
            try:
                switched(run, source, self.recovery, turn.epoch, "stopped", pace.listen)
            except Unavailable as error:
                raise self._half_stopped(error) from error
        now = self._still(turn)
        if now.fenced_at is None:
            now = written(self.ledger, evolve(now, fenced_at=self.target.provider.clock.now()))
        return now

    def _still(self, turn: Turn) -> Turn:
        """The turn as the target's cloud has it, whatever this run has written itself before. Raises
        PolicyError where somebody else has ended it, or given it up, or begun another.
        """
        self.ledger = Ledger.settled(self.target, self.recovery.ledger)
        known = turns(self.ledger.entries())
        now = under_way(known)
        if now is None or now.id != turn.id or now.epoch != turn.epoch:
            raise passed_on(self.recovery, max([turn.epoch, *(each.latest for each in known)]))
        if now.abandoned:
            raise self._being_abandoned()
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
        """What the target's data comes from: as was agreed, if the target may have changed already. Of points
        that are left aside now, only their own groups get others.
        """
        if not turn.points:
            return self._newest()
        there, vault = self.target.observe(self.recovery.points), look(self.recovery)
        known = {point.id: point for point in points(self.ledger.entries())}
        agreed = [id for id in turn.points if id not in self.how.without]
        lost = [id for id in agreed if id not in known or not known[id].restorable(there, vault.points)]
        if lost:
            fix = f"To use an older one: dr {turn.occasion} --without-point."
            raise PolicyError(
                f"{self.recovery.target_scope} cannot take over from what it began with",
                [_no_point(f"point {id} cannot be restored", fix) for id in lost],
            )
        kept = [known[id] for id in agreed]
        settled = {point.group for point in kept}
        others = self._newest() if len(agreed) < len(turn.points) else []
        return kept + [point for point in others if point.group not in settled]

    def _newest(self) -> list[Point]:
        chosen, missing = choose(self.recovery, self.target, self.ledger, self.how.without)
        if missing:
            fix = "Look at dr status; make one with: dr replicate --now."
            if self.how.source_is_lost:
                fix = (
                    f"To let {self.recovery.target.name} stand with what it has: dr {self.how.other} "
                    "--abandon --target-is-lost. Or declare it without what no point has data for."
                )
            findings = [_no_point(why, fix) for why in missing]
            raise PolicyError(f"{self.recovery.target_scope} cannot take over", findings)
        return chosen

    def _agreed(self, turn: Turn, placed: Placed, chosen: list[Point]) -> Turn:
        """The turn with these points, under the claim: from here on nobody uses others for it."""
        now, ids = self._still(turn), tuple(point.id for point in chosen)
        self._not_over_newer(chosen, lost=now.lost and not now.restored)
        if set(now.points) == set(ids):
            return now
        if now.points and not set(now.points) & set(self.how.without):
            raise self._refused(
                "decided-meanwhile",
                f"somebody else has begun to bring {self.recovery.target.name} up from other points",
                "Run this again: it goes on with those.",
            )
        anew = {point.group for point in chosen if point.id not in now.points}
        other = [group for group in groups(self.recovery, placed) if group.name in anew]
        roles = {mark(placed.roles[volume]) for group in other for volume in group.volumes}
        restored = tuple(each for each in now.restored if each not in roles)
        return written(self.ledger, evolve(now, points=ids, restored=restored, done=()))

    def _not_over_newer(self, chosen: list[Point], *, lost: bool) -> None:
        """Refuse to give up what lies on the target for older data: it stood since the points were made, and
        the source, which may have newer data, is lost.
        """
        if not lost or self.how.older_data:
            return
        stood = stood_since(self.ledger.entries())
        there = self.target.observe(self.recovery.target_scope)
        holds = there.unknown or any(isinstance(seen.spec, Volume) for seen in there.resources.values())
        old = [point.group for point in chosen if point.entry.number < stood]
        if not holds or not old:
            return
        name, verb = self.recovery.target.name, self.how.occasion
        keep = f"To let it stand with that: dr {self.how.other} --abandon --target-is-lost. "
        if len(old) < len(chosen):  # and then that is refused, for the points of the others
            keep = "Look at its volumes: take snapshots of those. "
        raise self._refused(
            "newer-data",
            f"what lies on the volumes of {name} is newer than any point of {', '.join(old)}",
            f"{name} has stood since. {keep}"
            f"To replace it by older data all the same: dr {verb} --source-is-lost --older-data.",
        )

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


def _no_point(why: str, fix: str) -> Finding:
    return Finding("recovery/no-point", why, fix)
