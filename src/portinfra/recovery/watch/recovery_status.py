"""The values of a status of a recovery: volumes, points, and what needs attention. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal

from attrs import field

from portinfra.format import silent_line
from portinfra.model.address import Address
from portinfra.model.evidence import Kind
from portinfra.model.finding import Finding, Severity
from portinfra.model.strict import strict
from portinfra.recovery.ledger.drills import DrillEntry
from portinfra.recovery.ledger.entries import Unreadable
from portinfra.recovery.ledger.runs import Run
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.points.coverage import Judgement
from portinfra.recovery.situation.leftovers import Leftover
from portinfra.recovery.situation.situation import End, Situation
from portinfra.value import frozen

Level = Literal["ok", "late", "lost"]
"""`late`: older than the schedule with some slack, in a vault that could not be listed, or of a point that is
dated in the future. `lost`: older than the rpo, of an age that is not known, or missing.
"""

EXIT_CODES: Mapping[Level, int] = {"ok": 0, "late": 1, "lost": 2}

DRILL_LATE = "recovery/drill-late"
"""The rule of the warning that no drill took place for longer than `every` of the drill settings."""


DRILL_FAILED = "recovery/drill-failed"
"""The rule of the warning that the last drill failed."""


@frozen(field_transformer=strict)
class VolumeStatus:
    """The newest restorable data of one volume."""

    volume: Address
    group: str
    level: Level
    point: str = ""
    taken: str = ""
    """The time of its point."""
    age: float | None = None
    """In seconds, and never negative; None where it is not known."""
    age_is_exact: bool = True
    """Whether `age` is exact. If not, the data is no older than that: the point is dated in the future."""
    verdict: Judgement = "missing"
    """Whether its data can be restored."""
    why: str = ""
    """The reason against it."""
    role: str = ""


@frozen(field_transformer=strict)
class RoleCoverage:
    """How much of the data of one role can be restored."""

    role: str
    covered: int
    """How many of its volumes the point has that would be restored, or that has most of them."""
    volumes: int


@frozen(field_transformer=strict)
class PointStatus:
    """One point, restorable or not yet or no longer."""

    id: str
    group: str
    taken: str
    age: float | None
    """In seconds, and never negative; None where it is not known."""
    volumes: int
    parts: int
    """How many of its snapshots are in the target."""
    restorable: bool | None
    """None: it is in a vault that could not be listed."""
    in_vault: bool = False
    """Whether the vault has all of it, by the ledger."""
    age_is_exact: bool = True
    """Whether `age` is exact. If not, the data is no older than that."""
    locked_until: str | None = None
    """Until when the provider refuses to delete it: UTC, ISO 8601; None: it is not locked."""


@frozen(field_transformer=strict)
class KeptVolume:
    """A snapshot of a volume that a takeover replaced."""

    environment: str
    volume: str
    snapshot: str
    """The cloud's own id."""
    until: str
    """portinfra removes it no earlier: UTC, ISO 8601."""
    ends_by_time: bool = True
    """Whether portinfra removes it then. If not, a person does: its provider has no clock, so the end of that
    time is not known.
    """


@frozen(field_transformer=strict)
class RecoveryStatus:
    """What a recovery could restore now."""

    recovery: str
    rpo: int
    volumes: tuple[VolumeStatus, ...]
    points: tuple[PointStatus, ...]
    drills: tuple[str, ...] = ()
    """The ids of drills that died or could not be removed, for `sweep`."""
    turn: TakeoverEntry | None = None
    """The failover or failback that has begun, and is neither finished nor completely abandoned."""
    step_is_approved: bool = field(default=False, kw_only=True)
    """Whether the manual step that `turn` waits for is approved."""
    active_since: int = 0
    """The epoch since which the target is active; 0 where it is not. No replication carries data that is
    written there since to the source.
    """
    source_stopped: bool | None = None
    """For an active target: whether the source is fenced, and all its hosts are off. None where the source
    did not answer, and where the target is not active.
    """
    source_fenced: bool | None = None
    """Whether the source's newest lease is fenced; None where the source did not answer."""
    untold: bool = False
    """Whether the source became active again while the target did not answer, so that the target may be
    active, too.
    """
    vault_unseen: str = ""
    """Why the vault, which has some of the points, could not be listed."""
    last_drill: DrillEntry | None = None
    """The newest one that has ended."""
    dated_ahead: tuple[str, ...] = ()
    """A sentence for each point that is dated in the future: the clock of a machine is wrong."""
    unreadable: tuple[Unreadable, ...] = ()
    """The entries of the ledger that cannot be read."""
    next_step: str = ""
    """A sentence with the right commands; empty: nothing is under way, and nothing is wrong."""
    kept: tuple[KeptVolume, ...] = ()
    """The snapshots of volumes that takeovers replaced, at both ends."""
    kept_unseen: tuple[str, ...] = field(default=(), kw_only=True)
    """A sentence for each end whose kept snapshots cannot be read."""
    situation: Situation | None = field(default=None, eq=False)
    silent: tuple[str, ...] = ()
    """The environments that do not answer, by name."""
    readiness: tuple[Finding, ...] | None = None
    """The findings about a takeover now; None: they were not made, as one is under way, or an end does not
    answer.
    """
    target_may_run: bool = False
    """Whether hosts of the target run although a takeover made the source active again."""
    last_refresh: Run | None = None
    """The newest refresh of the standby that has ended."""
    refresh_overdue: bool = False
    """Whether no refresh has passed for longer than the plan's `refresh_every`, and one is permitted now."""
    standby_runs: bool = False
    """Whether hosts of the target run as a standby, which the internet does not reach."""
    end: End = "target"
    """The end whose points these are: the source while the target is active and the source is fenced."""
    points_in: str = ""
    """The scope of that end: `shop/recovery`."""
    locks_unread: str = ""
    """Why the locks of points cannot be read; empty: they were read, or nothing may be locked."""
    left_behind: tuple[Leftover, ...] = ()
    """The resources at both ends of runs that died or still run, including those of `drills`."""
    left_unseen: tuple[str, ...] = ()
    """A sentence for each end where that cannot be read."""

    def takeover_by(self, command: Kind) -> TakeoverEntry | None:
        """Return the takeover that is under way, if this command leads to it."""
        return self.turn if self.turn and self.turn.occasion == command else None

    @property
    def roles(self) -> tuple[RoleCoverage, ...]:
        """How much of the data of each role can be restored."""
        names = dict.fromkeys(volume.role for volume in self.volumes)
        return tuple(
            RoleCoverage(
                name,
                sum(volume.role == name and volume.verdict == "covered" for volume in self.volumes),
                sum(volume.role == name for volume in self.volumes),
            )
            for name in names
        )

    @property
    def known_points(self) -> frozenset[str]:
        """The ids of the points that the ledger or the takeover under way names."""
        return frozenset([*(point.id for point in self.points), *(self.turn.points if self.turn else ())])

    @property
    def source_may_run(self) -> bool:
        """Whether the target is active, and the source is not known to be stopped."""
        return bool(self.active_since) and not self.source_stopped

    @property
    def level(self) -> Level:
        """The worst level of all volumes.

        It is late at best where a takeover is open, both ends may run, an end does not answer, a command is
        due or a drill is late. It is lost where the check before a takeover finds an error.
        """
        levels = {*(volume.level for volume in self.volumes), *(level for level, _ in self._doubts())}
        return "lost" if "lost" in levels else "late" if "late" in levels else "ok"

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is wrong besides the volumes, the causes of the level first."""
        return (*self.reasons_of("lost"), *self.reasons_of("late"))

    def reasons_of(self, level: Level) -> tuple[str, ...]:
        """Return what leads to this level, besides the volumes."""
        return tuple(why for found, why in self._doubts() if found == level)

    def _doubts(self) -> Iterable[tuple[Level, str]]:
        """Yield what makes a recovery worse than its data, each with its level."""
        found = self.readiness or ()
        if any(each.severity is Severity.ERROR for each in found):
            yield "lost", "a takeover would be refused now"
        if self.silent:
            yield "late", silent_line(self.silent)
        if self.turn:
            doing = "being abandoned" if self.turn.abandoned else "not finished"
            yield "late", f"a {self.turn.occasion} is {doing}"
        if self.source_may_run or self.untold or self.target_may_run:
            yield "late", "hosts of both environments may run"
        elif self.next_step and not self.turn and not self.silent:
            yield "late", "a command has to be run next"
        if any(each.rule == DRILL_LATE for each in found):
            yield "late", "a drill is due"

    @property
    def exit_code(self) -> int:
        """The exit code for monitors: that of the level; 3 where an end does not answer and the level is not
        lost.
        """
        code = EXIT_CODES[self.level]
        return 3 if self.silent and code < 2 else code
