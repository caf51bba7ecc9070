"""`replicate`: new recovery points where they are due, carried from the active end to the end that waits.
Idempotent: for a timer.

For each group that is due: hooks before, a snapshot of every volume, hooks after as soon as all have begun;
then a copy of each at the other end, under its key, read back; and last of all the manifest. What an earlier
run left half done is carried on where its data is whole, and removed where it is not.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Literal

from attrs import define, field, frozen

from portinfra.errors import ApplyError, FindingsError, PortinfraError, ProviderError
from portinfra.execution.connection import Connection
from portinfra.hooks.inventory import inventory
from portinfra.hooks.listeners import SafeListener
from portinfra.model.address import Address
from portinfra.model.observed import Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.progress import Progress
from portinfra.model.resources import Snapshot, Spec, Volume
from portinfra.model.strict import strict
from portinfra.placement import place
from portinfra.recovery.groups import Group, groups
from portinfra.recovery.ledger.entries import unreadable_line
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import stood_since
from portinfra.recovery.options import Pace
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.capture import Capture
from portinfra.recovery.points.coverage import coverage, is_intact
from portinfra.recovery.points.left_aside import remove_outlived
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.points.locks import DAY, lock_days, lock_snapshots
from portinfra.recovery.points.point import Point, id_of, manifest, new_id, points, volume_of
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.pairing import record_peers
from portinfra.recovery.replication.readiness import capture_problem
from portinfra.recovery.replication.retention import Retention, arrived_whole
from portinfra.recovery.situation.clocks import check_clocks, say_clocks
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import Verb
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.situation.situation import End, Situation, peer_of
from portinfra.recovery.situation.wish import end_of
from portinfra.recovery.vault.listing import by_vault, look, read_manifests
from portinfra.recovery.vault.transfer import send
from portinfra.recovery.vault.transfer_host import HelperFailed
from portinfra.validation.arguments import check_arguments

Fate = Literal["carried", "not due", "failed"]

Say = Callable[[str], None]

EARLY = 0.1
"""A timer that fires this share of the schedule too soon still makes its point."""


@frozen(field_transformer=strict)
class GroupOutcome:
    """What became of one group."""

    group: str
    fate: Fate
    point: str = ""
    """The point's id."""
    taken: float | None = None
    problem: str = ""
    moved: int | None = None
    """Bytes that travelled by way of the vault."""


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
    pace: Pace | None = None,
    say: Say = lambda line: None,
) -> Replicated:
    """Make the points of the active end that are due, at the end that waits; with `now`, one of every group.

    Raises ProviderError and LeaseHeldError; and PolicyError where the situation permits no replication. With
    `stopped`, a takeover has just stopped the source of `recovery`, and carries its last point.
    """
    pace, say = pace or Pace(), SafeListener(say)
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

        record_peers(recovery, source, target, pace, say)
        there = source.observe(recovery.source_scope)
        data = {a: seen for a, seen in there.resources.items() if isinstance(seen.spec, Volume)}
        with (
            target.run(recovery.points, workers=pace.workers, seed=pace.seed) as carrying,
            source.run(recovery.taken, borrowed=data, workers=pace.workers, seed=pace.seed) as taking,
        ):
            work = _Replication(
                recovery,
                SnapshotStore(source, taking, recovery.taken, source.catalogue(), pace.listen, say),
                SnapshotStore(target, carrying, recovery.points, catalogue, pace.listen, say),
                Ledger(target, recovery.ledger),
                place(recovery.topology, recovery.source),
                there,
                pace,
                say,
                check,
            )
            made = work.run(now=now)
        for way, end in ((recovery, target), (recovery.turned, source)):
            if began and began.facts(end_of(way)).kept:
                remove_outlived(way, end, pace, say)
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


@define
class _Replication:
    recovery: Recovery
    source: SnapshotStore
    target: SnapshotStore
    ledger: Ledger
    placed: Placed
    there: Observation
    """What is protected, as it was when this began."""
    pace: Pace
    say: Say
    check: Callable[[], None]
    """Raises PolicyError where the source is no longer the active end: what it has is no point then."""
    outcomes: dict[str, GroupOutcome] = field(init=False, factory=dict)
    vault: VaultListing = field(init=False, factory=VaultListing)

    def run(self, *, now: bool) -> Replicated:
        self.ledger.settle()
        unreadable = self.ledger.unreadable()
        if unreadable:
            self.say(f"{unreadable_line(unreadable)}: no point is removed")
        self.vault = look(self.recovery)
        if self.vault.problem:
            self.say(f"the vault cannot be listed: {self.vault.problem}")
        known = points(self.ledger.entries())
        tidying = Retention(
            self.recovery,
            self.source,
            self.target,
            self.ledger,
            self.placed,
            self.pace,
            self.vault,
            not unreadable,
        )
        tidying.trust(known)
        known = tidying.sweep(known)
        due = []
        for group in groups(self.recovery, self.placed):
            if not now and (point := self._fresh(group, known)):
                self.outcomes[group.name] = GroupOutcome(group.name, "not due", point.id, point.taken)
            elif problem := capture_problem(self.recovery, group, self.there, self.target.connection):
                self.outcomes[group.name] = GroupOutcome(group.name, "failed", problem=problem)
            else:
                due.append(group)
        self._take(due, known)
        self._carry()
        self.check()  # before any point goes that a failover may have begun with
        self._lock()
        removed = self.ledger.removed
        told = tidying.prune(whole=all(outcome.fate != "failed" for outcome in self.outcomes.values()))
        if told:
            self.say(f"the vault is not pruned: {told}")
        calls = sum(end.connection.caller.calls + end.run.calls for end in (self.source, self.target))
        return Replicated(
            tuple(self.outcomes.values()), calls, self.ledger.removed - removed, self._captured_end
        )

    def _fresh(self, group: Group, known: Collection[Point]) -> Point | None:
        age_max = self.recovery.schedule(group.policy) * (1 - EARLY)
        ages = Ages(known, self.source.now)
        stood = stood_since(self.ledger.entries())
        there = Observation(self.target.snapshots())
        self.vault = read_manifests(self.recovery, self.vault, known, there)
        for point in (point for point in known if point.group == group.name):
            if point.entry.number < stood:
                return None  # what was written in the target since, and carried back, is in none
            if not point.carried and by_vault(point):  # it is sent below, however long that takes
                return point
            if ages.is_ahead(point):
                return None  # its age is not known
            age = ages.of(point).seconds
            young = age is not None and age < age_max
            if young and (not point.carried or self._serves(point, group, there)):
                return point
        return None

    def _serves(self, point: Point, group: Group, there: Observation) -> bool:
        """Whether no new point is needed: one has the data of all volumes, and it is intact. A volume that is
        declared too small is too small for a new point, too.
        """
        placed = place(self.recovery.topology, self.recovery.target)
        judged = coverage(placed, group, point, there, self.vault)
        return is_intact(judged) and not judged.volumes("missing")

    # Capture: one moment a group.

    def _take(self, due: list[Group], known: Iterable[Point]) -> None:
        ids = {point.id for point in known}
        taking: list[Capture] = []
        with self.target.run.living():  # nothing is asked of it meanwhile, however long that takes
            with ExitStack() as frozen:
                for group in due:
                    id = new_id(self.source.now, ids)
                    ids.add(id)
                    begun = Capture(group, id, self.source, self._given(group), end=self._captured_end)
                    frozen.callback(begun.thaw)  # from here on: an interrupt may come while it freezes
                    if problem := begun.freeze():
                        self._failed(group, problem)
                        begun.thaw()
                    else:
                        taking.append(begun)
                failed = self._snapshots(taking)
            self.check()  # hooks and snapshots take their time
            for each in taking:
                self._took(each, failed)

    def _snapshots(self, taking: list[Capture]) -> Mapping[Address, str]:
        """Ask for all of them at once; why some could not be had."""
        wanted = {
            address: spec
            for each in taking
            for address, spec in each.wanted(self._shared_with(each.group)).items()
        }
        try:
            self.source.bring(wanted, lambda progress: self._told(taking, progress))
        except ApplyError as error:
            return {
                step.step.address: str(step.error or error)
                for step in error.outcome.steps
                if step.fate != "done"
            }
        except FindingsError as error:
            return dict.fromkeys(wanted, str(error))
        return {}

    def _told(self, taking: Iterable[Capture], progress: Progress) -> None:
        self.source.listen(progress)
        if progress.step is not None and (progress.waits or progress.fate == "done"):
            for each in taking:
                each.note(progress.step.address)

    def _shared_with(self, group: Group) -> str:
        """The account that is to copy a group's snapshots; none where they are sent through the vault."""
        mine, other = self.recovery.source.account, self.recovery.target.account
        native = self.recovery.engine(group.policy) == "native"
        return other if native and other != mine else ""

    def _given(self, group: Group) -> Any:
        return inventory(
            self.placed,
            self.there,
            end=self._captured_end,
            group=group.name,
            volumes=list(group.volumes),
        )

    @property
    def _captured_end(self) -> End:
        return peer_of(end_of(self.recovery))

    def _took(self, each: Capture, failed: Mapping[Address, str]) -> None:
        mine = set(each.wanted(""))
        broken = next((failed[address] for address in sorted(mine) if address in failed), "")
        problem = each.problem or broken or each.late()
        if problem:
            self._failed(each.group, problem)
            self.source.bring({address: None for address in self.source.snapshots() if address in mine})
            return
        said = manifest(
            each.id,
            each.group.name,
            each.moment,
            each.group.volumes,
            engine=self.recovery.engine(each.group.policy),
            topology=self.recovery.digest,
            key=self.recovery.target.key or "",
        )
        self.ledger.add(said)
        self.say(f"{each.group.name}: taken")

    def _failed(self, group: Group, problem: str) -> None:
        self.outcomes[group.name] = GroupOutcome(group.name, "failed", problem=problem)
        self.say(f"{group.name}: failed: {problem}")

    # Carrying: whatever is taken and not there yet, of this run or an earlier one.

    def _carry(self) -> None:
        on_their_way = [point for point in points(self.ledger.entries()) if not point.carried]
        taken = self.source.snapshots()
        for point in reversed(on_their_way):
            if by_vault(point):
                self._send(point, {volume_of(a): seen for a, seen in taken.items() if id_of(a) == point.id})
        self._copy([point for point in on_their_way if not by_vault(point)], taken)

    def _send(self, point: Point, snapshots: Mapping[Address, Observed[Spec]]) -> None:
        try:
            with self.source.run.living(), self.target.run.living():  # it may be hours
                said = send(
                    self.recovery, self.source.connection, point, snapshots, self.placed, self.pace, self.say
                )
        except PortinfraError as error:
            problem = error.first_line
            self.outcomes[point.group] = GroupOutcome(point.group, "failed", point.id, point.taken, problem)
            if isinstance(error, HelperFailed):  # the next one will be newer
                self.ledger.remove(point.entry)
            return
        self.ledger.rewrite(point.entry, {**point.entry.said, **said, "open": False})
        self._carried(point, said["moved"])

    def _carried(self, point: Point, moved: int | None = None) -> None:
        self.outcomes[point.group] = GroupOutcome(point.group, "carried", point.id, point.taken, moved=moved)
        self.say(f"{point.group}: carried, point {point.id}")

    def _lock(self) -> None:
        """Lock the snapshots of each point that has arrived and was never locked, where the plan says so."""
        if not (days := lock_days(self.recovery)):
            return
        arrived, known = self.target.snapshots(), points(self.ledger.entries())
        ages = Ages(known, self.target.now)
        for point in known:
            age = ages.of(point).seconds
            mine = [seen for address, seen in arrived.items() if id_of(address) == point.id]
            if point.entry.said.get("locked") or not mine or not arrived_whole(point, arrived):
                continue
            if not point.carried or age is None or age >= days * DAY:
                continue
            try:
                lock_snapshots(self.target.connection, mine, days)
            except ProviderError as error:
                problem = f"point {point.id} is not locked: {error}"
                self.outcomes[point.group] = GroupOutcome(
                    point.group, "failed", point.id, point.taken, problem
                )
                continue
            until = round(self.target.now + days * DAY, 3)
            self.ledger.rewrite(point.entry, {**point.entry.said, "locked": until})

    def _copy(self, known: list[Point], taken: Mapping[Address, Observed[Spec]]) -> None:
        there = place(self.recovery.topology, self.recovery.target).resources
        keys = {address: spec.key for address, spec in there.items() if isinstance(spec, Volume)}
        wanted: dict[Address, Spec] = {}
        for address, seen in taken.items():
            if id_of(address) in {point.id for point in known}:
                copy_of = f"{self.recovery.source.region}/{seen.id}"
                wanted[address] = Snapshot(address.name, copy_of=copy_of, key=keys.get(volume_of(address)))
        try:
            self.target.bring(wanted)
            problem = ""
        except ApplyError as error:
            problem = error.first_line
        arrived = self.target.snapshots()
        for point in known:
            if arrived_whole(point, arrived):
                self.ledger.rewrite(point.entry, {**point.entry.said, "open": False})
                self._carried(point)
            else:
                self.outcomes[point.group] = GroupOutcome(
                    point.group, "failed", point.id, point.taken, problem or "not all of it arrived"
                )
