"""Retention: the removal of what earlier replications left, and of points that no policy keeps. Where the
ledger may be incomplete, nothing is removed.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from attrs import evolve, field

from portinfra.errors import ProviderError
from portinfra.execution.options import RunOptions
from portinfra.model.address import Address
from portinfra.model.observed import UNSEEN, Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.resources import Snapshot, Spec
from portinfra.placement import place
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.entries import unreadable_line
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import Point, id_of, points, volume_of
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.coverage import coverage, is_intact
from portinfra.recovery.points.keep import candidates, kept_points
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.points.locks import has_locks, locked_points, read_locks
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.listing import is_by_vault, list_vault
from portinfra.recovery.vault.transfer import clear, prune
from portinfra.value import define


@define
class Retention:
    """The retention of one replication, before it captures and after it has carried all points."""

    recovery: Recovery
    source: SnapshotStore
    target: SnapshotStore
    ledger: Ledger
    placed: Placed
    """The resources whose data is replicated."""
    run_options: RunOptions
    vault: VaultListing
    all_readable: bool
    """Whether every entry of the ledger can be read. If not, no point is removed."""
    lost: frozenset[str] = field(init=False, default=frozenset())
    """The ids of points that can never be carried. `sweep` sets it."""
    locks_are_read: bool = field(init=False, default=True)
    """Whether the locks of snapshots can be read. If not, no point is removed."""

    @property
    def may_remove(self) -> bool:
        """Whether points may be removed."""
        return self.all_readable and self.locks_are_read

    def check_ledger(self, known: list[Point]) -> None:
        """Raise PolicyError where the ledger has no point and data of points exists: the ledger must be
        wrong, so nothing is removed because of it.
        """
        observed = {id_of(address) for address in self.target.snapshots()} | (self.vault.points or set())
        if known or not observed:
            return
        if problems := self.ledger.unreadable():
            fix = "Remove no data: these entries name it. Find out what changed the records of the ledger."
            if any(each.newer for each in problems):
                fix = (
                    "Run the same command with the version of portinfra that wrote them, or with a later one."
                )
            raise self.recovery.refusal(
                f"nothing is copied to {self.recovery.target_scope}",
                "ledger-unreadable",
                f"no point in the ledger {self.recovery.ledger} can be read: {unreadable_line(problems)}",
                fix,
            )
        raise self.recovery.refusal(
            f"nothing is copied to {self.recovery.target_scope}",
            "ledger-lost",
            f"the ledger {self.recovery.ledger} has no point, but data of {len(observed)} "
            f"points exists ({', '.join(sorted(observed))})",
            "These may be the only copies: find out what removed the entries of the ledger. To start again, "
            f"delete that data: the snapshots of {self.recovery.points}, and these folders of the vault.",
        )

    def sweep(self, known: list[Point]) -> list[Point]:
        """Remove points that can never be carried, and snapshots in the source that belong to no point.
        Return the points that remain. In the target, all else stays until newer data has arrived.

        The entry of a point stays as long as its snapshots. A locked snapshot stays until its lock ends. All
        entries stay where no point may be removed.
        """
        taken, arrived = self.source.snapshots(), self.target.snapshots()
        lost = [
            point
            for point in known
            if not (point.carried or self._can_be_carried(point, taken) or has_arrived(point, arrived))
        ]
        self.lost = frozenset(point.id for point in lost)
        locked = self._locked_points(known, arrived, self.lost)
        gone = self.lost - locked.keys() if self.may_remove else frozenset()
        self._clear_target(arrived, gone)
        self.ledger.remove(*(point.entry for point in lost if point.id in gone))
        left = [point for point in known if point not in lost]
        self._clear_source({*map(id_of, taken)} - {point.id for point in left})
        return left

    def _can_be_carried(self, point: Point, taken: Iterable[Address]) -> bool:
        volumes = [volume_of(address) for address in taken if id_of(address) == point.id]
        declared = not is_by_vault(point) or all(volume in self.placed.resources for volume in volumes)
        return declared and len(volumes) == point.count

    def _clear_source(self, ids: Collection[str]) -> None:
        if self.may_remove:
            self.source.change({a: None for a in self.source.snapshots() if id_of(a) in ids})

    def _clear_target(self, arrived: Iterable[Address], ids: Collection[str]) -> None:
        self.target.change({address: None for address in arrived if id_of(address) in ids})

    def prune(self, *, whole: bool) -> str:
        """Keep as many points of each group as its policy says. Return why the vault is not pruned; empty: it
        is.

        `whole`: all due points have arrived, so that data without a point may be removed.
        """
        # The manifest is removed first, so that no point without data exists.
        arrived, self.vault = self.target.snapshots(), list_vault(self.recovery)
        known = [point for point in points(self.ledger.entries()) if point.carried]
        gone = (
            {point.id for point in self._points_to_remove(known, Observation(arrived))}
            if self.all_readable
            else set()
        )
        if self.all_readable and whole:
            gone |= {*map(id_of, arrived)} - {point.id for point in points(self.ledger.entries())}
        locked = self._locked_points(known, arrived, gone)
        gone = gone - locked.keys() if self.may_remove else set()
        self._note_locks(known, locked)
        self.ledger.remove(*(point.entry for point in known if point.id in gone))
        self._clear_target(arrived, gone)
        latest = {point.group: point.id for point in reversed(known)}
        open_points = {point.id for point in points(self.ledger.entries()) if not point.carried}
        # The next copy transfers only the difference from the newest snapshot.
        needed = {*latest.values(), *(open_points - self.lost)}
        self._clear_source({*map(id_of, self.source.snapshots())} - needed)
        self._remove_strays()
        return self._prune_vault()

    def _locked_points(
        self, known: list[Point], arrived: Mapping[Address, Observed[Spec]], gone: Collection[str]
    ) -> Mapping[str, float]:
        """Return until when points with a locked snapshot are locked. Others may lock a snapshot too, so the
        locks are read before any snapshot of the points `gone` is deleted.

        Where portinfra locks points and cannot read the locks, no point is removed.
        """
        is_expected = has_locks(self.recovery, known)
        if not (gone or is_expected):
            return {}
        try:
            return locked_points(arrived, read_locks(self.target.connection))
        except ProviderError as error:
            if is_expected:
                self.locks_are_read = False
                self.target.say(f"the locks of snapshots cannot be read, so no point is removed: {error}")
            return {}

    def _note_locks(self, known: Iterable[Point], locked: Mapping[str, float]) -> None:
        """Write into the ledger which points are locked: the run that locks may die before it writes that."""
        for point in known:
            if point.id in locked and not point.entry.said.get("locked"):
                self.ledger.rewrite(point.entry, {**point.entry.said, "locked": round(locked[point.id], 3)})

    def _points_to_remove(self, known: Iterable[Point], observed: Observation) -> list[Point]:
        """Return the points that no policy keeps. Of a group that is no longer declared, keep the newest."""
        keep = {group.name: group.keep for group in groups(self.recovery, self.placed)}
        in_target = place(self.recovery.topology, self.recovery.target)

        def has_whole_data(point: Point) -> bool:
            return self._is_intact(point, in_target, observed)

        by_group: dict[str, list[Point]] = defaultdict(list)
        for point in known:
            by_group[point.group].append(point)
        return [
            point
            for group, mine in by_group.items()
            for point in self._points_beyond_keep(mine, keep.get(group, {}), has_whole_data)
        ]

    def _points_beyond_keep(
        self, mine: list[Point], keep: Mapping[str, int], has_whole_data: Callable[[Point], bool]
    ) -> list[Point]:
        """Return those points of one group that are not kept."""
        ages = Ages(mine, self.target.now)
        judged = candidates(mine, ages, has_whole_data)
        kept = kept_points(judged, keep)
        return [point for point in mine if point.number not in kept]

    def _is_intact(self, point: Point, in_target: Placed, observed: Observation) -> bool:
        for group in groups(self.recovery, in_target):
            if group.name == point.group:
                return is_intact(coverage(in_target, group, point, observed, self.vault))
        return point.is_in_vault or self._is_undeclared_intact(point, observed)

    def _is_undeclared_intact(self, point: Point, observed: Observation) -> bool:
        """Return whether all copies of a group that is no longer declared are under a key that the group had
        then, or that the environment has.
        """
        parts = set(point.parts(observed).values())
        keys = (UNSEEN, self.recovery.target.key, point.entry.said.get("key") or None)
        copies = [seen.spec for seen in observed.of(Snapshot).values() if seen.id in parts]
        return bool(parts) and all(not copy.copy_of or copy.key in keys for copy in copies)

    def _remove_strays(self) -> None:
        if self.ledger.find_strays():
            with self.source.run.keep_lease(), self.target.run.keep_lease():
                self.ledger.remove_strays()

    def _prune_vault(self) -> str:
        if self.recovery.plan.vault is None:
            return ""
        clear(self.recovery, self.source.connection, self.run_options)
        if self.vault.points is None or not self.may_remove:
            unread = "the locks of snapshots" if self.all_readable else "entries of the ledger"
            return self.vault.problem or f"{unread} cannot be read"
        return prune(self.recovery, {point.id for point in points(self.ledger.entries())})


def has_arrived(point: Point, arrived: Mapping[Address, Observed[Spec]]) -> bool:
    """Return whether all snapshots of a point are in the target, whatever the ledger records."""
    return bool(evolve(point, carried=True).parts(Observation(arrived)))
