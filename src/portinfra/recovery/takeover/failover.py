"""`failover`: the target takes over. Resumable at any call: what was decided stands in the ledger, as a turn.

0. Whatever is known to make it fail refuses it: `may_take_over`.
1. The ledger says that it began, and the epoch that it leads to.
2. The source is fenced: the epoch and the fence in its claim, its hosts off. Where the source is lost, no
   call is made to it, and `fence` is the first act on its return.
3. The points are chosen, the newest that there are now that the source stands still.
4. The target's claim gets the epoch; its roles come back, wave by wave, from those points.
5. The ledger says that it is done.
"""

import secrets
from contextlib import suppress
from typing import Any

from attrs import asdict, define, evolve

from portinfra.errors import (
    ApplyError,
    FindingsError,
    PortinfraError,
    ProviderError,
    Unavailable,
    UserCodeError,
)
from portinfra.execution.connection import Connection
from portinfra.hooks.dns import call_dns
from portinfra.hooks.listeners import SafeListener
from portinfra.model.catalogue import Catalogue
from portinfra.model.evidence import Evidence
from portinfra.model.placed import Placed
from portinfra.placement import place
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.runs import TAKEOVER, begin_run, end_run, link_run
from portinfra.recovery.ledger.takeovers import Turn, mark, stands_from_here, turns, under_way, written
from portinfra.recovery.options import How
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.point import Point, points
from portinfra.recovery.points.restore import sourced
from portinfra.recovery.recovery import Recovery, being_abandoned, cannot_take_over
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import answering
from portinfra.recovery.takeover.beginning import Beginning
from portinfra.recovery.takeover.bring_up import BringUp
from portinfra.recovery.takeover.evidence import shown
from portinfra.recovery.takeover.fencing import passed_on, switch, switched
from portinfra.recovery.vault.selection import Selection
from portinfra.recovery.vault.transfer import receive
from portinfra.recovery.watch.readiness import may_take_over
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.waves import Say
from portinfra.validation.arguments import check_arguments
from portinfra.words import iso


@check_arguments
def failover(recovery: Recovery, how: How | None = None, *, say: Say = lambda line: None) -> Evidence:
    """Take over. Run again after a failure, it goes on with what was decided.

    Raises PolicyError where the target has taken over already, and where `may_take_over` does; LeaseHeldError
    where somebody else is at it; ProviderError.
    """
    how, say = how or How(), SafeListener(say)
    may_take_over(recovery, how)
    with Connection.to(recovery.target, recovery.topology) as target:
        ledger = Ledger(target, recovery.ledger)
        return _Failover(recovery, how, say, target, target.catalogue(), ledger).carried_out()


@define
class _Failover:
    recovery: Recovery
    how: How
    say: Say
    target: Connection
    catalogue: Catalogue
    ledger: Ledger
    source_principal: str = ""
    """Whose credentials stopped the source; empty where no call was made to it."""

    def carried_out(self) -> Evidence:
        turn, principal = self._begun(), self.target.reader.principal()
        began = iso(self.target.provider.clock.now())
        said = {"kind": TAKEOVER, "of": turn.occasion, "takeover": turn.id, "began": began}
        entry = begin_run(self.ledger, {**said, "id": f"{turn.id}{secrets.token_hex(2)}"})
        turn = self._fenced(turn)
        if turn.last_point and not turn.points:
            self._last_point()
        chosen = self._chosen(turn)
        receive(self.recovery, self.target, chosen, self.how.pace, self.say)
        pace = self.how.pace
        with self.target.run(self.recovery.target_scope, workers=pace.workers, seed=pace.seed) as run:
            if run.lease.epoch > turn.epoch:
                raise passed_on(self.recovery, run.lease.epoch)
            there = self.target.observe(self.recovery.points)
            placed = sourced(place(self.recovery.topology, self.recovery.target), chosen, there)
            turn = self._agreed(turn, placed, chosen)
            run.record_fence(epoch=turn.epoch, fenced=False)
            sensitive = self.recovery.sensitive
            context = RolloutContext(self.target, run, self.catalogue, placed, pace.listen, sensitive)
            bring_up = BringUp(
                self.recovery,
                context,
                turn.occasion,
                self.say,
                done=turn.done,
                restored=turn.restored,
                has_data=lambda roles: self._note(
                    turn.id, restored=(*self._turn(turn.id).restored, *map(mark, roles))
                ),
                note=lambda action: self._note(turn.id, done=(*self._turn(turn.id).done, mark(action))),
            )
            bring_up.run()
            if bring_up.up_at is not None:
                self._start_roles_left_behind(bring_up)
            turn = self._turn(turn.id)
            whole = bring_up.up_at is not None and self._announced(bring_up)
            fenced = turn.fenced_at is not None and not turn.lost  # else it may have been let in again since
            until = turn.fenced_at if turn.fenced_at is not None and fenced else turn.given_up_at
            ages = Ages(points(self.ledger.entries()), context.now, until)
            evidence = shown(bring_up, turn.id, chosen, ages, began=turn.began, source_fenced=fenced)
            evidence = evolve(
                evidence,
                source_principal=self.source_principal,
                target_principal=principal,
                **asdict(link_run(self.ledger, entry)),
            )
            if whole:
                stands_from_here(self.ledger, turn.id)
                written(self.ledger, evolve(turn, open=False))
            with suppress(ProviderError):  # the target is up: that one record fails must not hide it
                end_run(self.ledger, entry, evidence, open=False)
        return evidence

    def _begun(self) -> Turn:
        return Beginning(self.recovery, self.how, self.target, self.ledger).turn()

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
            self.source_principal = source.reader.principal()
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
            raise being_abandoned(self.recovery)
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

    @property
    def _choice(self) -> Selection:
        return Selection(self.recovery, self.how, self.target)

    def _chosen(self, turn: Turn) -> list[Point]:
        return self._choice.of(turn, self.ledger)

    def _agreed(self, turn: Turn, placed: Placed, chosen: list[Point]) -> Turn:
        """The turn with these points, under the claim: from here on nobody uses others for it."""
        now, ids = self._still(turn), tuple(point.id for point in chosen)
        if not now.restored:
            self._choice.not_over_newer(self.ledger, chosen)
        if set(now.points) == set(ids):
            return now
        if now.points and not set(now.points) & set(self.how.without):
            raise cannot_take_over(
                self.recovery,
                "decided-meanwhile",
                f"somebody else has begun to bring {self.recovery.target.name} up from other points",
                "Run this again: it goes on with those.",
            )
        anew = {point.group for point in chosen if point.id not in now.points}
        other = [group for group in groups(self.recovery, placed) if group.name in anew]
        roles = {mark(placed.roles[volume]) for group in other for volume in group.volumes}
        restored = tuple(each for each in now.restored if each not in roles)
        return written(self.ledger, evolve(now, points=ids, restored=restored, done=()))

    # Bringing up.

    def _turn(self, id: str) -> Turn:
        return next(each for each in turns(self.ledger.entries()) if each.id == id)

    def _note(self, id: str, **come: Any) -> None:
        """How far it has come: whoever goes on, goes on from there."""
        written(self.ledger, evolve(self._turn(id), **come))

    def _start_roles_left_behind(self, bring_up: BringUp) -> None:
        """Start the existing hosts of roles in no wave: the fence of an earlier takeover stopped them."""
        run, placed = bring_up.context.run, bring_up.context.placed
        try:
            switch(run, placed, self.catalogue, "running", self.how.pace.listen)
        except (ApplyError, FindingsError, Unavailable) as error:
            name = self.recovery.target.name
            first = str(error.first if isinstance(error, ApplyError) else error).partition("\n")[0]
            bring_up.reasons.append(f"not every host runs ({first}): apply {name} starts the others")

    def _announced(self, bring_up: BringUp) -> bool:
        """Tell the names' keeper where the hosts are now; whether it took it."""
        context = bring_up.context
        if not self.recovery.target.dns:
            return True
        there = context.run.reader.observe(context.placed.scope)
        try:
            with context.run.living():
                call_dns(self.recovery.target, there)
        except UserCodeError as error:  # the hosts are up all the same
            why = str(error).partition("\n")[0]
            bring_up.reasons.append(f"the names were not changed ({why}); run it again, and it tries again")
            return False
        return True
