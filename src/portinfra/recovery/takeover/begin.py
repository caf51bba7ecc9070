"""How a takeover begins: the one that is open goes on, or a new one is written into the ledger."""

from collections.abc import Iterable

from attrs import evolve

from portinfra.command_text import command
from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.format import moment
from portinfra.recovery.groups import data_digest
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import (
    TakeoverEntry,
    activated_number,
    list_takeovers,
    next_epoch,
    record_takeover,
    short_id,
)
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.own_data import own_data_time, written_until
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.situation.request import end_of, is_planned, takeover_verb
from portinfra.recovery.situation.situation import End, Situation, is_replaceable, peer_of
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.vault.data_selection import Selection
from portinfra.recovery.watch.approvals import approvals_by_others
from portinfra.value import frozen


@frozen
class TakeoverStart:
    """Decided under the lease of the end that takes over: of two operators, one at a time."""

    recovery: Recovery
    options: FailoverOptions
    target: Connection
    ledger: Ledger
    overruled: tuple[str, ...] = ()
    """The errors of the check before it that the operator overruled."""

    def begin_or_continue(self, run: Run) -> TakeoverEntry:
        """Return the takeover that is open, or a new one; the ledger has it. The run holds the lease."""
        run.record_peer(self.recovery.peer_of(self.recovery.target_scope))
        self.ledger.settle()
        lost = peer_of(end_of(self.recovery)) if self.options.lost else None
        now = read_facts(self.recovery, lost, through=[self.target])
        raise_if_refused(self.recovery, takeover_verb(self.recovery, self.options), now)
        self.options.at(Step.BEGIN)
        turn = now.turn
        if now.open and turn is not None and (now.active == end_of(self.recovery) or self.options.lost):
            return self._continue_turn(turn, now, run)
        return self._new(now, run)

    def _continue_turn(self, found: TakeoverEntry, now: Situation, run: Run) -> TakeoverEntry:
        """Return the takeover that is open, as this run wants it. Without the other end, which may have been
        made active meanwhile, its decision is a new one.
        """
        if self._as_of not in (None, found.as_of):
            raise self._other_moment(found)
        planned = is_planned(self.recovery, self.options, now)
        wanted = evolve(
            found,
            lost=self.options.lost,
            last_point=not self.options.lost and (found.last_point or planned),
            blank=_join(found.blank, self._blank),
            without=tuple(self.options.without) or found.without,
            from_points=found.from_points or self.options.from_points,
            insist=found.insist or self.options.insist,
            overruled=_join(found.overruled, self.overruled),
        )
        if self.options.lost:
            time = self.target.now()
            lost_at = found.lost_at if found.lost_at is not None else time
            contained = found.contained_data if self._is_first(found) else ""
            wanted = evolve(
                wanted, epoch=self._epoch(now, run), abandoned=0, lost_at=lost_at, contained_data=contained
            )
        elif found.own_until is None:
            until = written_until(now, end_of(self.recovery), found, self.target.now())
            both_from, _ = _both_ran(now, peer_of(end_of(self.recovery)))
            wanted = evolve(wanted, own_until=until, both_from=found.both_from or both_from)
        return found if wanted == found else record_takeover(self.ledger, wanted)

    def _is_first(self, found: TakeoverEntry) -> bool:
        """Return whether its end never took over before: volumes there have no data of customers. Any others
        have data that only the lost end may have, too.
        """
        contents = self.ledger.read()
        others = [turn for turn in list_takeovers(contents.entries) if turn.id != found.id]
        return not self.recovery.is_reversed and not others and not activated_number(contents)

    def _new(self, now: Situation, run: Run) -> TakeoverEntry:
        given = approvals_by_others(self.recovery, self.target, self.ledger.entries())
        planned = is_planned(self.recovery, self.options, now)
        if self.options.as_of or not (planned and now.holder != end_of(self.recovery)):
            Selection(self.recovery, self.options, self.target).newest(self.ledger)  # else nothing is stopped
        time, epoch = self.target.now(), self._epoch(now, run)
        known = now.facts(end_of(self.recovery)).authority
        left = known is not None and known.active != end_of(self.recovery)
        # A volume that does not exist now has no data yet: its data at the time of the replacement is new.
        has_volumes = now.facts(end_of(self.recovery)).has_volumes
        contained = has_volumes and is_replaceable(now, end_of(self.recovery))
        both_from, both_until = _both_ran(now, peer_of(end_of(self.recovery)))
        if both_from is None and not left:
            both_from = _other_ran_on(now.facts(end_of(self.recovery)).turn)
        turn = TakeoverEntry(
            f"{epoch:x}",
            "failback" if self.recovery.is_reversed else "failover",
            epoch,
            time,
            lost=self.options.lost,
            lost_at=time if self.options.lost else None,
            last_point=planned,
            as_of=self._as_of,
            own_until=own_data_time(run.lease.epoch, self.ledger.read(), time) if left else None,
            approvals=tuple(each.id for each in given),
            blank=self._blank,
            without=tuple(self.options.without),
            from_points=self.options.from_points,
            insist=self.options.insist,
            overruled=self.overruled,
            contained_data=data_digest(self.recovery) if contained else "",
            own_starts=now.facts(end_of(self.recovery)).starts if contained and known else "",
            both_from=both_from,
            both_until=both_until,
        )
        return record_takeover(self.ledger, turn)

    @property
    def _blank(self) -> tuple[str, ...]:
        """The volumes that may begin blank, by `short_id`."""
        return tuple(map(short_id, sorted(self.options.blank)))

    @property
    def _as_of(self) -> float | None:
        return round(self.options.as_of.timestamp(), 3) if self.options.as_of else None

    def _other_moment(self, found: TakeoverEntry) -> PolicyError:
        plan = self.recovery.plan.name
        decided = "the newest data" if found.as_of is None else f"data as of {moment(found.as_of)}"
        return self.recovery.refusal(
            f"{self.recovery.target_scope} cannot take over",
            "other-moment",
            f"{found.occasion} {found.id} has begun with {decided}",
            "Leave --as-of out to continue it. For another moment, abandon it first: "
            f"{command('dr', 'abandon', plan)}.",
        )

    def _epoch(self, now: Situation, run: Run) -> int:
        known = [turn.latest for turn in list_takeovers(self.ledger.entries())]
        known += [facts.authority.epoch for facts in now.ends if facts.authority]
        known += [facts.takeover.authority.epoch for facts in now.ends if facts.takeover]
        return next_epoch(self.target.now(), run.lease.epoch, *known)


def _both_ran(now: Situation, active: End) -> tuple[float | None, float | None]:
    """Return from when until when hosts of both ends may have run: the end that is active took over without
    the other one, or without some of its zones, and `dr fence` stopped the rest later.
    """
    turn = now.facts(active).turn
    if turn is None or turn.ran_on_from is None or turn.abandoned or turn.open:
        return None, None
    return turn.ran_on_from, turn.fenced_at


def _other_ran_on(turn: TakeoverEntry | None) -> float | None:
    """Return since when the end that was overtaken may have run on, as no run has stopped it since; None: it
    was stopped, or the last takeover to this end is not complete.
    """
    if turn is None or turn.open or turn.abandoned or turn.fenced_at is not None:
        return None
    return turn.ran_on_from if turn.both_from is None else turn.both_from


def _join(known: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    """Return what was decided before, and what this run adds."""
    return tuple(dict.fromkeys([*known, *more]))
