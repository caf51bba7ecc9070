"""`replicate`: portinfra makes the due recovery points of the active end, and carries them to the waiting
end. Idempotent, for a timer.

For each due group, it calls the hooks `before`, makes a snapshot of every volume, and calls the hooks `after`
once all have begun. Then it copies each snapshot to the other end, under the key there, and reads the copy
back. It writes the manifest last. A point that an earlier run left half done is carried if its data is
complete, and else removed.
"""

from collections.abc import Callable
from contextlib import ExitStack

from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.hooks.listeners import SafeListener
from portinfra.model.resources import Volume
from portinfra.model.strict import strict
from portinfra.placement import place
from portinfra.recovery.ledger.entries import unreadable_line
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import points
from portinfra.recovery.points.kept_snapshots import remove_outlived
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.due import due_groups
from portinfra.recovery.replication.group_capture import take_points
from portinfra.recovery.replication.pairing import record_peers
from portinfra.recovery.replication.retention import Retention
from portinfra.recovery.replication.transfers import carry_points, lock_points
from portinfra.recovery.replication.work import GroupOutcome, Work
from portinfra.recovery.situation.clocks import check_clocks, say_clocks
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import Verb
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.situation.request import end_of
from portinfra.recovery.situation.situation import End, Situation, peer_of
from portinfra.recovery.vault.listing import list_vault
from portinfra.validation.arguments import check_arguments
from portinfra.value import frozen

Say = Callable[[str], None]


@frozen(field_transformer=strict)
class Replicated:
    """The result of a replication."""

    groups: tuple[GroupOutcome, ...]
    calls: int
    pruned: int = 0
    """How many points were removed because no policy keeps them."""
    end: End = "source"
    """The end whose data was captured; the points are at the other one."""

    @property
    def succeeded(self) -> bool:
        """Whether no group failed."""
        return all(group.fate != "failed" for group in self.groups)


@check_arguments
def replicate(
    recovery: Recovery,
    *,
    now: bool = False,
    stopped: bool = False,
    insist: bool = False,
    run_options: RunOptions | None = None,
    say: Say = lambda line: None,
) -> Replicated:
    """Make the due points of the active end, at the waiting end; with `now`, one of every group.

    With `stopped`, a takeover has just stopped the source of `recovery`, and carries its last point. Raises
    ProviderError and LeaseHeldError. Raises PolicyError where the situation permits no replication.
    """
    run_options, say = run_options or RunOptions(), SafeListener(say)
    with (
        Connection.to(recovery.source) as source_connection,
        Connection.to(recovery.target) as target_connection,
    ):
        began = None if stopped else _active(recovery, source_connection, target_connection)
        if began:
            recovery = recovery.from_end(began.active)
        source, target = (
            (source_connection, target_connection)
            if recovery.source == source_connection.environment
            else (target_connection, source_connection)
        )
        source.account()
        catalogue = target.catalogue()
        if not stopped:
            check_clocks(recovery, (source, target), insist=insist)
            say_clocks((source, target), say)

        def check() -> None:
            if not stopped:
                _raise_if_not_active(recovery, source, target)

        record_peers(recovery, source, target, run_options, say)
        there = source.observe(recovery.source_scope)
        data = {a: seen for a, seen in there.resources.items() if isinstance(seen.spec, Volume)}
        with (
            target.start_run(recovery.points, run_options) as carrying,
            ExitStack() as second_lease,
        ):
            with carrying.keep_lease():
                taking = second_lease.enter_context(
                    source.start_run(
                        recovery.capture_scope,
                        borrowed=data,
                        run_options=run_options,
                    )
                )
            work = Work(
                recovery,
                SnapshotStore(
                    source, taking, recovery.capture_scope, source.catalogue(), run_options.listen, say
                ),
                SnapshotStore(target, carrying, recovery.points, catalogue, run_options.listen, say),
                Ledger(target, recovery.ledger),
                place(recovery.topology, recovery.source),
                there,
                run_options,
                say,
                check,
            )
            made = _replicate(work, now=now)
        for way, end in ((recovery, target), (recovery.reversed, source)):
            if began and began.facts(end_of(way)).kept:
                remove_outlived(way, end, run_options, say)
    return made


def _active(recovery: Recovery, *ends: Connection) -> Situation:
    """Return the situation. Raise PolicyError unless the waiting end is fenced and no takeover is open.

    During a takeover each end may have a part of the newest data, and a point of either would count for all.
    """
    now = read_facts(recovery, through=ends)
    raise_if_refused(recovery, Verb("replicate", now.active), now)
    return now


def _raise_if_not_active(recovery: Recovery, *ends: Connection) -> None:
    """Raise PolicyError where the source is no longer the active end."""
    verb = Verb("replicate", peer_of(end_of(recovery)))
    raise_if_refused(recovery, verb, read_facts(recovery, hosts=False, through=ends))


def _replicate(work: Work, *, now: bool) -> Replicated:
    ledger = work.ledger
    ledger.settle()
    unreadable = ledger.unreadable()
    if unreadable:
        work.say(f"{unreadable_line(unreadable)}: no point is removed")
    vault = list_vault(work.recovery)
    if vault.problem:
        work.say(f"the vault cannot be listed: {vault.problem}")
    known = points(ledger.entries())
    retention = Retention(
        work.recovery, work.source, work.target, ledger, work.placed, work.run_options, vault, not unreadable
    )
    retention.check_ledger(known)
    known = retention.sweep(known)
    take_points(work, due_groups(work, known, vault, now=now), known)
    carry_points(work, retention.lost)
    work.check()  # before points are removed that a failover may have begun with
    lock_points(work)
    removed = ledger.removed_count
    not_pruned = retention.prune(whole=all(each.fate != "failed" for each in work.outcomes.values()))
    if not_pruned:
        work.say(f"the vault is not pruned: {not_pruned}")
    calls = sum(end.connection.caller.calls + end.run.calls for end in (work.source, work.target))
    return Replicated(tuple(work.outcomes.values()), calls, ledger.removed_count - removed, work.captured_end)
