"""`takeover`: one end becomes active, and the other one is stopped. The same in both directions.

Each group comes up from the newest data at that end, by ledger number: a point, or its own volumes. A run
that ends early is continued: the ledger says what was decided. `Step` has the steps.
"""

import secrets
from collections.abc import Collection
from contextlib import suppress

from attrs import asdict, evolve

from portinfra.errors import PortinfraError, ProviderError
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.format import iso
from portinfra.hooks.listeners import SafeListener
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.evidence import Evidence
from portinfra.placement import place
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.data import data_entries
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import Point, points
from portinfra.recovery.ledger.runs import TAKEOVER, begin_run, end_run, link_run
from portinfra.recovery.ledger.takeovers import TakeoverEntry, activate, data_id, record_takeover
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.coverage import Accepted
from portinfra.recovery.points.kept_snapshots import KeptVolumes
from portinfra.recovery.points.own_data import own_data_age
from portinfra.recovery.points.restore import place_with_data
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.clocks import say_clocks
from portinfra.recovery.situation.request import is_planned
from portinfra.recovery.situation.situation import End
from portinfra.recovery.takeover.agreement import agree, roles_with_data
from portinfra.recovery.takeover.approvals import list_approvals, remove_spent_approvals
from portinfra.recovery.takeover.begin import TakeoverStart
from portinfra.recovery.takeover.bring_up import BringUp
from portinfra.recovery.takeover.evidence import (
    OwnData,
    both_ran,
    both_run_line,
    to_evidence,
    unread_entries,
)
from portinfra.recovery.takeover.fencing import overtaken_error, stop_hosts
from portinfra.recovery.takeover.finish import announce, start_roles_left_behind
from portinfra.recovery.takeover.other_end import OtherEnd
from portinfra.recovery.takeover.own_hosts import OwnHosts
from portinfra.recovery.takeover.progress import Progress
from portinfra.recovery.takeover.replaced_volumes import ReplacedVolumes
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.vault.data_selection import Selected, Selection, as_decided, describe_replaced_choice
from portinfra.recovery.vault.transfer import receive
from portinfra.recovery.watch.preflight import may_take_over
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.waves import Say
from portinfra.validation.arguments import check_arguments
from portinfra.value import define


@check_arguments
def failover(
    recovery: Recovery, options: FailoverOptions | None = None, *, say: Say = lambda line: None
) -> Evidence:
    """Make the target active. See `takeover`."""
    return takeover(recovery, "target", options, say=say)


def failback(
    recovery: Recovery, options: FailoverOptions | None = None, *, say: Say = lambda line: None
) -> Evidence:
    """Make the source active again. It carries a last point while nothing is restored. See `takeover`."""
    return takeover(recovery, "source", options, say=say)


def takeover(
    recovery: Recovery, to: End, options: FailoverOptions | None = None, *, say: Say = lambda line: None
) -> Evidence:
    """Make one end active. Run again after a failure, it goes on with what was decided.

    Raises PolicyError where the situation does not permit it, and for the errors of `make_forecast`;
    Unavailable where an end does not answer that is not `lost`; LeaseHeldError where another run changes an
    end.
    """
    options, declared, say = options or FailoverOptions(), recovery.as_declared, SafeListener(say)
    recovery = declared if to == "target" else declared.reversed
    permitted = may_take_over(recovery, options)
    now = permitted.situation
    if now.open and now.active == to and (line := describe_replaced_choice(options, now.turn)):
        say(line)
    if is_planned(recovery, options, now) and now.phase == "active" and recovery.is_reversed:
        _first_point(recovery, options, say)
    with Connection.to(recovery.target, recovery.topology) as target:
        return _Takeover(recovery, options, say, target, target.catalogue(), permitted.overruled).carry_out()


def _first_point(recovery: Recovery, options: FailoverOptions, say: Say) -> None:
    """Take new points before anything is stopped, so that the last points have little to copy."""
    say(f"taking new points for {recovery.target.name}")
    first = replicate(recovery.keeping_all, insist=True, run_options=options.run_options, say=say)
    if not first.succeeded:
        problems = [f"{group.group}: {group.problem}" for group in first.groups if group.problem]
        raise PortinfraError(
            f"nothing was stopped: {'; '.join(problems)}",
            fix="Correct the cause, then run the same command again.",
        )


@define
class _Takeover:
    recovery: Recovery
    options: FailoverOptions
    say: Say
    target: Connection
    catalogue: Catalogue
    overruled: tuple[str, ...] = ()
    """The errors of the check before it that the operator overruled."""

    def carry_out(self) -> Evidence:
        say_clocks([self.target], self.say)
        ledger, run_options = Ledger(self.target, self.recovery.ledger), self.options.run_options
        principal, start = self.target.reader.principal(), self.target.start_run
        begin = TakeoverStart(self.recovery, self.options, self.target, ledger, self.overruled)
        with start(self.recovery.target_scope, run_options) as run:
            turn, began = begin.begin_or_continue(run), iso(self.target.now())
            said = {"kind": TAKEOVER, "of": turn.occasion, "takeover": turn.id, "began": began}
            entry = begin_run(ledger, {**said, "id": f"{turn.id}{secrets.token_hex(2)}"})
        progress = Progress(self.recovery, self.target, ledger, turn.id, entry)
        other = OtherEnd(self.recovery, self.options, self.say, self.target, progress)
        prepared = other.prepare(turn)
        turn = other.fence(prepared, is_prepared_before=prepared is turn)
        if turn.last_point and not turn.restores:
            other.carry_last_point()
        known = data_entries(progress.ledger.read(), but=turn.id)
        chosen = self._select(turn, progress)
        self.options.at(Step.FETCH)
        reopen = progress.reopen
        receive(self.recovery, self.target, chosen.points, run_options, self.say, reopen=reopen)
        with start(self.recovery.target_scope, run_options) as run:
            if run.lease.epoch > turn.epoch:
                raise overtaken_error(self.recovery, run.lease.epoch)
            turn = progress.read_current(turn)
            if data_entries(progress.ledger.read(), but=turn.id) != known:  # a newer point came meanwhile
                chosen = self._select(turn, progress)
                with run.keep_lease():
                    receive(self.recovery, self.target, chosen.points, run_options, self.say)
            there = self.target.observe(self.recovery.points)
            placed = place(self.recovery.topology, self.recovery.target)
            decided = as_decided(self.recovery, self.options, turn)
            accepted = Accepted(chosen.blank, any_key=decided.insist)
            placed = place_with_data(self.recovery, placed, chosen.points, there, accepted)
            self.options.at(Step.AGREE)
            turn = agree(progress, decided, turn, placed, chosen)
            hosts = OwnHosts(self.recovery, turn, placed, self.target.observe(self.recovery.target_scope))
            self.options.at(Step.STAND_DOWN)
            stop_hosts(run, placed, self.catalogue, roles_with_data(self.recovery, turn), run_options.listen)
            self.options.at(Step.ACTIVATE)
            run.record_fence(epoch=turn.epoch, fenced=False)
            sensitive = self.recovery.sensitive
            context = RolloutContext(self.target, run, self.catalogue, placed, run_options.listen, sensitive)
            overwritten = self._overwritten(turn, progress, run)
            bring_up = self._bring_up(context, hosts, chosen, progress, overwritten)
            self.options.at(Step.BRING_UP)
            bring_up.run()
            if bring_up.up_at is not None:
                start_roles_left_behind(self.recovery, bring_up)
            turn = progress.read()
            whole = bring_up.up_at is not None and announce(self.recovery, bring_up)
            fenced = turn.fenced_at is not None and not turn.lost  # else it may have become active since
            if fenced and (running := other.list_running()):
                fenced = False
                bring_up.reasons.append(both_run_line(self.recovery, running))
            evidence = evolve(
                self._show(bring_up, turn, chosen, progress),
                source_fenced=fenced,
                source_principal=other.principal,
                target_principal=principal,
                left_aside=overwritten.list_volumes(),
                **asdict(link_run(progress.ledger, entry)),
            )
            if whole:
                self.options.at(Step.COMPLETE)
                activate(progress.ledger, turn.id)
                self.options.at(Step.CLOSE)
                record_takeover(progress.ledger, evolve(turn, open=False))
            with suppress(ProviderError):  # the target is up: one failed record must not hide that
                end_run(progress.ledger, entry, evidence, open=bool(evidence.left_behind))
            with suppress(ProviderError):
                if whole:
                    remove_spent_approvals(progress.ledger, turn)
        return evidence

    def _select(self, turn: TakeoverEntry, progress: Progress) -> Selected:
        return Selection(self.recovery, self.options, self.target).of(turn, progress.ledger)

    def _overwritten(self, turn: TakeoverEntry, progress: Progress, run: Run) -> ReplacedVolumes:
        kept = KeptVolumes(self.recovery, self.target, progress.ledger, self.options.run_options)
        return ReplacedVolumes(kept, run, turn.id, data_id(turn), self.say, set(turn.overwritten))

    def _bring_up(
        self,
        context: RolloutContext,
        hosts: OwnHosts,
        chosen: Selected,
        progress: Progress,
        overwritten: ReplacedVolumes,
    ) -> BringUp:
        """Return what brings the end up, and writes into the ledger how far it has come."""
        turn = hosts.turn

        def keep(volumes: Collection[Address]) -> None:
            if hosts.may_have_written(volumes, self.target.observe(self.recovery.target_scope)):
                overwritten.keep(volumes)
                progress.update(overwritten=tuple(sorted(overwritten.names)))

        return BringUp(
            self.recovery,
            context,
            turn.occasion,
            self.say,
            done=turn.done,
            restored=turn.restored,
            blank=chosen.blank,
            has_data=lambda roles: progress.add(restored=roles),
            wait_for=lambda action: progress.wait_for(action, context.run, self.say),
            keep=keep,
            note=lambda action: progress.add(done=[action]),
        )

    def _show(self, bring_up: BringUp, turn: TakeoverEntry, chosen: Selected, progress: Progress) -> Evidence:
        """Return evidence of the takeover as it is now."""
        now = bring_up.context.now
        until = turn.wanted_until if turn.lost else turn.fenced_at or now
        at = until if turn.as_of is None else turn.as_of
        contents = progress.ledger.read()
        ages = Ages(points(contents.entries), now, at)
        own_age = own_data_age(turn, until)
        declared = {group.name for group in groups(self.recovery, bring_up.context.placed)}
        restored = [point for point in chosen.points if point.group in declared]  # edited meanwhile
        used: list[Point | OwnData] = [*restored, *(OwnData(name, own_age) for name in chosen.own)]
        return evolve(
            to_evidence(bring_up, turn.id, used, ages, began=turn.began),
            as_of=None if turn.as_of is None else iso(turn.as_of),
            blank=tuple(sorted(chosen.blank)),
            overruled=turn.overruled,
            prepare_seconds=_between(turn.began, turn.fetched_at),
            downtime_seconds=None if turn.lost else _between(turn.fetched_at, bring_up.up_at),
            both_ran=both_ran(turn),
            unreadable_entries=unread_entries(contents, chosen.points),
            approvals=tuple(each.to_evidence() for each in list_approvals(progress.ledger, turn)),
        )


def _between(began: float | None, ended: float | None) -> float | None:
    """Return the seconds between two moments; None where one is not known."""
    return None if began is None or ended is None else round(max(0.0, ended - began), 3)
