"""`abandon`: the end that was stopped for a takeover becomes active again, with its own data.

It is a decision of its own, with a new epoch. portinfra first fences the end that was to become active, and
then makes the other end active with that epoch. A run that ends early is continued: the ledger records that
it began.
"""

from attrs import evolve

from portinfra.execution.connection import Connection
from portinfra.model.evidence import LeftAside
from portinfra.model.strict import strict
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import (
    TakeoverEntry,
    activate,
    list_takeovers,
    next_epoch,
    record_takeover,
)
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.kept_snapshots import KeptVolumes
from portinfra.recovery.points.own_data import written_until
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import Verb
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.situation.request import end_of
from portinfra.recovery.takeover.fencing import deleted_entry_error, overtaken_error, switch_end
from portinfra.recovery.takeover.steps import Step
from portinfra.validation.arguments import check_arguments
from portinfra.value import frozen


@frozen(field_transformer=strict)
class Abandoned:
    """A takeover that was given up."""

    epoch: int
    stopped: int
    """The hosts of the target, which are off now."""
    running: int
    """The hosts of the source, which run again."""
    left_aside: tuple[LeftAside, ...] = ()
    """The volumes of the target that the takeover replaced though they had data that is in no point."""
    had_newest_data: bool = False
    """Whether the target had newer data than the source, which an operator accepted."""


@check_arguments
def may_abandon(recovery: Recovery, *, older_data: bool = False) -> Recovery:
    """Return the way of the takeover that is abandoned: its target is stopped, and its source becomes active
    again. Raise PolicyError where none is open, or where the end that takes over has the newest data, unless
    the operator accepts `older_data`.
    """
    now = read_facts(recovery)
    raise_if_refused(recovery, Verb("abandon", older_data=older_data), now)
    to = now.active if now.phase == "taking over" else now.waiting
    declared = recovery.as_declared
    return declared if to == "target" else declared.reversed


@check_arguments
def abandon(
    recovery: Recovery, options: FailoverOptions | None = None, *, older_data: bool = False
) -> Abandoned:
    """Abandon the takeover that is open, in either direction. What was written at the end that took over
    stays on its volumes. With `older_data`, the other end becomes active though its data is older.

    Raises what `may_abandon` raises; LeaseHeldError while another run continues the takeover; Unavailable
    where an end does not answer. Run it again then.
    """
    options = options or FailoverOptions()
    recovery, run_options = may_abandon(recovery, older_data=older_data), options.run_options
    with Connection.to(recovery.target) as target, Connection.to(recovery.source) as source:
        with target.start_run(recovery.target_scope, run_options) as run:
            now = read_facts(recovery, through=[target, source])
            # Another run may have finished it meanwhile.
            raise_if_refused(recovery, Verb("abandon", older_data=older_data), now)
            had_newest_data = now.holder == end_of(recovery)
            ledger = Ledger(target, recovery.ledger)
            time = target.now()
            turn = _open_turn(recovery, ledger, int(time))
            epoch = next_epoch(
                time, turn.latest, now.authority.epoch if now.authority else 0, run.lease.epoch
            )
            options.at(Step.ABANDON)
            own_until = written_until(now, end_of(recovery), turn, time)
            turn = record_takeover(ledger, evolve(turn, abandoned=epoch, own_until=own_until))
            options.at(Step.STOP)
            stopped = switch_end(run, target, recovery, epoch, "stopped", run_options.listen)
        options.at(Step.RETURN)
        with source.start_run(recovery.source_scope, run_options) as run:
            running = switch_end(run, source, recovery, epoch, "running", run_options.listen)
            if had_newest_data:  # from here on the newest data is that of the source
                activate(Ledger.after_settling(source, recovery.reversed.ledger), f"{epoch:x}")
        options.at(Step.CLOSE_ABANDONED)
        with target.start_run(recovery.target_scope, run_options):
            turn = _close(recovery, Ledger.after_settling(target, recovery.ledger), turn)
        kept = KeptVolumes(recovery, target, Ledger(target, recovery.ledger), run_options)
        left_aside = kept.list_overwritten(turn.overwritten, turn.id)  # a run that died could not say it
    return Abandoned(epoch, stopped, running, left_aside, had_newest_data)


def _close(recovery: Recovery, ledger: Ledger, turn: TakeoverEntry) -> TakeoverEntry:
    """Write that the takeover is abandoned, and return it as the ledger has it. Another run may have written
    that meanwhile. Raise PolicyError where another run has continued the takeover, or its entry was deleted.
    """
    now = next((each for each in list_takeovers(ledger.entries()) if each.id == turn.id), None)
    if now is None:
        raise deleted_entry_error(recovery)
    if now.abandoned != turn.abandoned:
        raise overtaken_error(recovery, now.latest)
    return record_takeover(ledger, evolve(now, open=False)) if now.open else now


def _open_turn(recovery: Recovery, ledger: Ledger, now: int) -> TakeoverEntry:
    """Return the takeover that is open; a new one where its entry is damaged."""
    known = list_takeovers(ledger.entries())
    newest = max(known, key=lambda turn: turn.latest, default=None)
    if newest and newest.open:
        return newest
    epoch = next_epoch(now, *(turn.latest for turn in known))
    return TakeoverEntry(f"{epoch:x}", "failback" if recovery.is_reversed else "failover", epoch, now)
