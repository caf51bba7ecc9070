"""`takeover`: one end becomes active, and the other one is stopped. The same in both directions.

Each group comes up from the newest data at that end, by ledger number: a point, or its own volumes. A run
that ends early is continued: the ledger says what was decided. `Step` has the steps.
"""

import secrets
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from attrs import asdict, define, evolve

from portinfra.command_text import command
from portinfra.errors import (
    ApplyError,
    FindingsError,
    PortinfraError,
    ProviderError,
    Unavailable,
    UserCodeError,
)
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.hooks.dns import call_dns
from portinfra.hooks.listeners import SafeListener
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.duration import seconds
from portinfra.model.evidence import Evidence
from portinfra.model.placed import Placed
from portinfra.model.recovery import Action
from portinfra.placement import place
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.runs import TAKEOVER, begin_run, end_run, link_run
from portinfra.recovery.ledger.takeovers import Turn, activate, data_mark, mark, turns, under_way, written
from portinfra.recovery.options import How
from portinfra.recovery.points.ages import Ages, age_at
from portinfra.recovery.points.coverage import Accepted
from portinfra.recovery.points.left_aside import KeptVolumes
from portinfra.recovery.points.point import Point, points
from portinfra.recovery.points.restore import sourced
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.clocks import say_clocks
from portinfra.recovery.situation.facts import answering, read_facts
from portinfra.recovery.situation.situation import End, Situation
from portinfra.recovery.situation.wish import end_of, is_planned
from portinfra.recovery.takeover.approvals import list_approvals, remove_spent_approvals
from portinfra.recovery.takeover.begin import Beginning
from portinfra.recovery.takeover.bring_up import BringUp
from portinfra.recovery.takeover.evidence import OwnData, both_ran, shown
from portinfra.recovery.takeover.fencing import PartlySwitched, passed_on, stand_down, switch, switched
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.vault.selection import Selected, Selection
from portinfra.recovery.vault.transfer import receive
from portinfra.recovery.watch.preflight import may_take_over
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.waves import Say
from portinfra.validation.arguments import check_arguments
from portinfra.words import count, iso

APPROVAL_PAUSE_SECONDS = 10.0
"""Between two looks for the approval of a manual step."""


@check_arguments
def failover(recovery: Recovery, how: How | None = None, *, say: Say = lambda line: None) -> Evidence:
    """Make the target active. See `takeover`."""
    return takeover(recovery, "target", how, say=say)


def failback(recovery: Recovery, how: How | None = None, *, say: Say = lambda line: None) -> Evidence:
    """Make the source active again. It carries a last point while nothing is restored. See `takeover`."""
    return takeover(recovery, "source", how, say=say)


def takeover(
    recovery: Recovery, to: End, how: How | None = None, *, say: Say = lambda line: None
) -> Evidence:
    """Make one end active. Run again after a failure, it goes on with what was decided.

    Raises PolicyError where the situation does not permit it, and for the errors of `prospect`; Unavailable
    where an end does not answer that is not `lost`; LeaseHeldError where another run changes an end.
    """
    how, declared, say = how or How(), recovery.declared, SafeListener(say)
    recovery = declared if to == "target" else declared.turned
    permitted = may_take_over(recovery, how)
    now = permitted.situation
    if is_planned(recovery, how, now) and now.phase == "active" and recovery.is_reversed:
        _first_point(recovery, how, say)
    with Connection.to(recovery.target, recovery.topology) as target:
        ledger = Ledger(target, recovery.ledger)
        run = _Takeover(recovery, how, say, target, target.catalogue(), ledger, permitted.overruled)
        return run.carried_out()


def _first_point(recovery: Recovery, how: How, say: Say) -> None:
    """Carry what was written since, before anything is stopped: the last point then has little to carry."""
    say(f"carrying to {recovery.target.name} what was written since")
    first = replicate(recovery.keeping_all, insist=True, pace=how.pace, say=say)
    if not first.succeeded:
        problems = [f"{group.group}: {group.problem}" for group in first.groups if group.problem]
        raise PortinfraError(
            f"nothing was stopped: {'; '.join(problems)}", fix="Mend what it names, and run it again."
        )


@define
class _Takeover:
    recovery: Recovery
    how: How
    say: Say
    target: Connection
    catalogue: Catalogue
    ledger: Ledger
    overruled: tuple[str, ...] = ()
    """The errors of the check before it that the operator overruled."""
    source_principal: str = ""
    """Whose credentials stopped the source; empty where no call was made to it."""

    def carried_out(self) -> Evidence:
        say_clocks([self.target], self.say)
        turn = Beginning(self.recovery, self.how, self.target, self.ledger).turn()
        principal, began = self.target.reader.principal(), iso(self.target.now())
        said = {"kind": TAKEOVER, "of": turn.occasion, "takeover": turn.id, "began": began}
        entry = begin_run(self.ledger, {**said, "id": f"{turn.id}{secrets.token_hex(2)}"})
        prepared = self._prepared(turn)
        turn = self._fenced(prepared, is_prepared_before=prepared is turn)
        if turn.last_point and not turn.restores:
            self._last_point()
        chosen = Selection(self.recovery, self.how, self.target).of(turn, self.ledger)
        self.how.at(Step.FETCH)
        receive(self.recovery, self.target, chosen.points, self.how.pace, self.say)
        pace = self.how.pace
        with self.target.run(self.recovery.target_scope, workers=pace.workers, seed=pace.seed) as run:
            if run.lease.epoch > turn.epoch:
                raise passed_on(self.recovery, run.lease.epoch)
            there = self.target.observe(self.recovery.points)
            placed = place(self.recovery.topology, self.recovery.target)
            accepted = Accepted(chosen.blank, any_key=self.how.insist)
            placed = sourced(self.recovery, placed, chosen.points, there, accepted)
            self.how.at(Step.AGREE)
            turn = self._agreed(turn, placed, chosen)
            self.how.at(Step.STAND_DOWN)
            stand_down(run, placed, self.catalogue, self._with_data(turn), pace.listen)
            self.how.at(Step.ACTIVATE)
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
                blank=chosen.blank,
                has_data=lambda roles: self._note(
                    turn.id, restored=(*self._turn(turn.id).restored, *map(mark, roles))
                ),
                wait_for=lambda action: self._wait_for(turn.id, action, run),
                keep=lambda volumes: self._keep_overwritten(turn.id, volumes, run),
                note=lambda action: self._note(turn.id, done=(*self._turn(turn.id).done, mark(action))),
            )
            self.how.at(Step.BRING_UP)
            bring_up.run()
            if bring_up.up_at is not None:
                self._start_roles_left_behind(bring_up)
            turn = self._turn(turn.id)
            whole = bring_up.up_at is not None and self._announced(bring_up)
            fenced = turn.fenced_at is not None and not turn.lost  # else it may have become active since
            until = turn.given_up_at if turn.lost else turn.fenced_at or context.now
            at = until if turn.as_of is None else turn.as_of
            ages = Ages(points(self.ledger.entries()), context.now, at)
            own_age = age_at(turn.own_until, until) if turn.own_until else 0.0
            used: list[Point | OwnData] = [*chosen.points, *(OwnData(name, own_age) for name in chosen.own)]
            evidence = shown(bring_up, turn.id, used, ages, began=turn.began, source_fenced=fenced)
            evidence = evolve(
                evidence,
                source_principal=self.source_principal,
                target_principal=principal,
                as_of=None if turn.as_of is None else iso(turn.as_of),
                blank=tuple(sorted(chosen.blank)),
                overruled=self.overruled,
                prepare_seconds=_between(turn.began, turn.fetched_at),
                downtime_seconds=None if turn.lost else _between(turn.fetched_at, bring_up.up_at),
                left_aside=self._kept_volumes().list_overwritten(turn.overwritten, turn.id),
                both_ran=both_ran(turn),
                approvals=tuple(each.shown() for each in list_approvals(self.ledger, turn)),
                **asdict(link_run(self.ledger, entry)),
            )
            if whole:
                self.how.at(Step.COMPLETE)
                activate(self.ledger, turn.id)
                self.how.at(Step.CLOSE)
                written(self.ledger, evolve(turn, open=False))
            with suppress(ProviderError):  # the target is up: that one record fails must not hide it
                end_run(self.ledger, entry, evidence, open=bool(evidence.left_behind))
            with suppress(ProviderError):
                if whole:
                    remove_spent_approvals(self.ledger, turn)
        return evidence

    def _prepared(self, turn: Turn) -> Turn:
        """Return the takeover, once the data is there that can be fetched while the other end still serves
        customers. Data of a last point comes later.
        """
        if turn.fetched_at is not None or turn.fenced_at is not None:
            return turn
        self.how.at(Step.PREPARE)
        if not turn.last_point and not turn.restores:
            chosen = Selection(self.recovery, self.how, self.target).of(turn, self.ledger)
            receive(self.recovery, self.target, chosen.points, self.how.pace, self.say)
        self.how.at(Step.RECORD_PREPARED)
        now = self._still(turn)
        return written(self.ledger, evolve(now, fetched_at=self.target.now()))

    # The other end.

    def _fenced(self, turn: Turn, *, is_prepared_before: bool) -> Turn:
        """Return the takeover, once the other end is stopped, unless that is lost.

        Where an earlier run has prepared it, and has not fenced the other end, downtime begins only now.
        """
        source_name, pace = self.recovery.source.name, self.how.pace
        if self.how.lost:
            self.say(f"{source_name} is lost: it is not fenced")
            return turn
        self.say(f"fencing {source_name}")
        self.how.at(Step.FENCE)
        with (
            answering(self.recovery) as source,
            source.run(self.recovery.source_scope, workers=pace.workers, seed=pace.seed) as run,
        ):
            self.source_principal = source.reader.principal()
            is_fenced = run.lease.fenced and run.lease.epoch == turn.epoch
            if is_prepared_before and turn.fenced_at is None and not is_fenced:
                turn = written(self.ledger, evolve(self._still(turn), fetched_at=self.target.now()))
            try:
                switched(run, source, self.recovery, turn.epoch, "stopped", pace.listen)
                is_stopped = True
            except Unavailable as error:
                # Only a silent zone may be overruled. If the source itself is silent, its lease may not be
                # fenced, and both ends would be active: for that an operator writes --lost.
                if not (self.how.insist and isinstance(error, PartlySwitched)):
                    raise self._half_stopped(error) from error
                is_stopped = False
                self.say(f"not all of {source_name} is stopped, and the operator insists: {error}")
        self.how.at(Step.RECORD_FENCE)
        now = self._still(turn)
        if now.fenced_at is None and is_stopped:
            now = written(self.ledger, evolve(now, fenced_at=self.target.now()))
        elif not is_stopped and now.partly_fenced_at is None:
            now = written(self.ledger, evolve(now, partly_fenced_at=self.target.now()))
        return now

    def _still(self, turn: Turn) -> Turn:
        """Return the takeover as the ledger has it, whatever this run has written itself before. Raise
        PolicyError where another run has finished it, or abandoned it, or begun another.
        """
        self.ledger = Ledger.settled(self.target, self.recovery.ledger)
        known = turns(self.ledger.entries())
        now = under_way(known)
        if now is None or now.id != turn.id or now.epoch != turn.epoch or now.abandoned:
            raise passed_on(self.recovery, max([turn.epoch, *(each.latest for each in known)]))
        return now

    def _half_stopped(self, error: Unavailable) -> Unavailable:
        name, plan = self.recovery.source.name, self.recovery.plan.name
        verb = "failback" if self.recovery.is_reversed else "failover"
        return Unavailable(
            f"{name} is fenced, and not all of it is stopped: {error}",
            provider=self.recovery.source.provider,
            fix="The takeover has begun, and no apply starts what is off. Run this again once all of it "
            f"answers; or, if it is lost: {command('dr', verb, plan, '--lost', name)}. To abandon the "
            f"takeover: {command('dr', 'abandon', plan)}.",
        )

    def _last_point(self) -> None:
        """Carry one more point of hosts that are stopped, where they have the newest data."""
        if self._situation().holder == end_of(self.recovery):
            return
        self.how.at(Step.LAST_POINT)
        kept = self.recovery.keeping_all
        quiet = [evolve(policy, before=(), after=()) for policy in kept.plan.data]
        made = replicate(
            evolve(kept, plan=evolve(kept.plan, data=quiet)),
            now=True,
            stopped=True,
            pace=self.how.pace,
            say=self.say,
        )
        if not made.succeeded:
            problems = "; ".join(f"{group.group}: {group.problem}" for group in made.groups if group.problem)
            raise PortinfraError(
                f"the last point failed: {problems}", fix="Run it again: it goes on from here."
            )

    def _situation(self) -> Situation:
        return read_facts(self.recovery, hosts=False, through=[self.target])

    # The data.

    def _agreed(self, turn: Turn, placed: Placed, chosen: Selected) -> Turn:
        """Return the takeover with this data, under the lease: from here on no run uses other data for it."""
        now = self._still(turn)
        ids, own = tuple(point.id for point in chosen.points), tuple(map(mark, chosen.own))
        blank = tuple(map(mark, sorted(chosen.blank)))
        if (set(now.points), set(now.own)) == (set(ids), set(own)) and now.restores:
            return now
        if now.restores and not (set(now.points) & set(self.how.without) or self.how.from_points):
            raise self.recovery.refusal(
                f"{self.recovery.target_scope} cannot take over",
                "decided-meanwhile",
                f"another run has begun to bring {self.recovery.target.name} up from other data",
                "Run this again: it goes on with that.",
            )
        kept = {point.group for point in chosen.points if point.id in now.points}
        kept |= {name for name in chosen.own if mark(name) in now.own}
        anew = [group for group in groups(self.recovery, placed) if group.name not in kept]
        roles = {mark(placed.roles[volume]) for group in anew for volume in group.volumes}
        restored = tuple(each for each in now.restored if each not in roles)
        contained = now.contained and not now.restores  # what came up may have been written to
        changed = evolve(now, points=ids, own=own, blank=blank, restored=restored, done=())
        selections = now.selections + 1 if now.restores else 0
        return written(self.ledger, evolve(changed, contained=contained, selections=selections))

    def _with_data(self, turn: Turn) -> frozenset[str]:
        """Return the roles whose hosts this takeover has started, or may have."""
        restored = {role for role in self.recovery.plan.roles if mark(role) in turn.restored}
        rest = {role.name for role in self.recovery.topology.roles} - set(self.recovery.plan.roles)
        return frozenset(restored | rest if restored else ())

    # Bringing up.

    def _turn(self, id: str) -> Turn:
        return next(each for each in turns(self.ledger.entries()) if each.id == id)

    def _note(self, id: str, **come: Any) -> None:
        """How far it has come: the next run goes on from there."""
        written(self.ledger, evolve(self._turn(id), **come))

    def _wait_for(self, id: str, action: Action, run: Run) -> str:
        """Wait until a manual step is approved; return why it was not, or an empty text."""
        clock, name = self.target.provider.clock, action.name
        until = clock.now() + seconds(action.limit)
        self._note(id, waits=name)
        approve = command("dr", "approve", name, self.recovery.plan.name)
        self.say(f"waiting for manual step {name!r}, for up to {action.limit}: {approve}")
        while not list_approvals(self.ledger, self._turn(id), name):
            if clock.now() + APPROVAL_PAUSE_SECONDS > until:
                return (
                    f"manual step {name!r} was not approved within {action.limit}: do it, run "
                    f"{approve}, and run the takeover again"
                )
            run.sleep_until(clock.now() + APPROVAL_PAUSE_SECONDS)
        self._note(id, waits="")
        return ""

    def _keep_overwritten(self, id: str, volumes: Collection[Address], run: Run) -> None:
        """Keep snapshots of volumes that are about to be replaced, where the other end lacks their data."""
        turn, limit = self._turn(id), self.recovery.plan.keep_overwritten
        if turn.contained:
            return
        names = sorted({*turn.overwritten, *(volume.name for volume in volumes)})
        if limit:
            self.say(f"keeping snapshots of {count(len(volumes), 'volume')} for {limit}")
            with run.living():
                self._kept_volumes().keep(volumes, id, data_mark(turn), seconds(limit))
        self._note(id, overwritten=tuple(names))

    def _kept_volumes(self) -> KeptVolumes:
        return KeptVolumes(self.recovery, self.target, self.ledger, self.how.pace)

    def _start_roles_left_behind(self, bring_up: BringUp) -> None:
        """Start the existing hosts of roles in no wave: the fence of an earlier takeover stopped them."""
        run, placed = bring_up.context.run, bring_up.context.placed
        try:
            switch(run, placed, self.catalogue, "running", self.how.pace.listen)
        except (ApplyError, FindingsError, Unavailable) as error:
            name = self.recovery.target.name
            start = command("apply", name)
            bring_up.reasons.append(f"not every host runs ({error.first_line}): {start} starts the others")

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
            why = error.first_line
            bring_up.reasons.append(f"the names were not changed ({why}); run it again, and it tries again")
            return False
        return True


def _between(began: float | None, ended: float | None) -> float | None:
    """Return the seconds between two moments; None where one is not known."""
    return None if began is None or ended is None else round(max(0.0, ended - began), 3)
