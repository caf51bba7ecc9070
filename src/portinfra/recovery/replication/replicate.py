"""`replicate`: new recovery points where they are due, carried from the active end to the end that waits.
Idempotent: for a timer.

For each group that is due: hooks before, a snapshot of every volume, hooks after as soon as all have begun;
then a copy of each at the other end, under its key, read back; and last of all the manifest. What an earlier
run left half done is carried on where its data is whole, and removed where it is not.
"""

from collections.abc import Callable

from attrs import frozen

from portinfra.execution.connection import Connection
from portinfra.hooks.listeners import SafeListener
from portinfra.model.resources import Volume
from portinfra.model.strict import strict
from portinfra.placement import place
from portinfra.recovery.ledger.entries import unreadable_line
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.options import RunOptions
from portinfra.recovery.points.kept_snapshots import remove_outlived
from portinfra.recovery.points.point import points
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

Say = Callable[[str], None]


@frozen(field_transformer=strict)
class Replicated:
    """How a replication ended."""

    groups: tuple[GroupOutcome, ...]
    calls: int
    pruned: int = 0
    """How many points were removed that are older than anybody needs."""
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
    """Make the points of the active end that are due, at the end that waits; with `now`, one of every group.

    Raises ProviderError and LeaseHeldError; and PolicyError where the situation permits no replication. With
    `stopped`, a takeover has just stopped the source of `recovery`, and carries its last point.
    """
    run_options, say = run_options or RunOptions(), SafeListener(say)
    with Connection.to(recovery.source) as one, Connection.to(recovery.target) as other:
        began = None if stopped else _active(recovery, one, other)
        if began:
            recovery = recovery.from_end(began.active)
        source, target = (one, other) if recovery.source == one.environment else (other, one)
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
            target.start_run(recovery.points, workers=run_options.workers, seed=run_options.seed) as carrying,
            source.start_run(
                recovery.capture_scope, borrowed=data, workers=run_options.workers, seed=run_options.seed
            ) as taking,
        ):
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
    """Return the situation. Raise PolicyError unless the end that waits is fenced, and no takeover is open.

    While one is, each end may have a part of the newest data: a point of either would pass for all of it.
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
    retention.trust(known)
    known = retention.sweep(known)
    take_points(work, due_groups(work, known, vault, now=now), known)
    carry_points(work, retention.lost)
    work.check()  # before any point goes that a failover may have begun with
    lock_points(work)
    removed = ledger.removed_count
    not_pruned = retention.prune(whole=all(each.fate != "failed" for each in work.outcomes.values()))
    if not_pruned:
        work.say(f"the vault is not pruned: {not_pruned}")
    calls = sum(end.connection.caller.calls + end.run.calls for end in (work.source, work.target))
    return Replicated(tuple(work.outcomes.values()), calls, ledger.removed_count - removed, work.captured_end)
