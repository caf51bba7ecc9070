"""The state of one run of `replicate`: its ends, its ledger, and the outcome of each group so far."""

from collections.abc import Callable
from typing import Literal

from attrs import field

from portinfra.execution.options import RunOptions
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.strict import strict
from portinfra.recovery.groups import Group
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import Point
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.request import end_of
from portinfra.recovery.situation.situation import End, peer_of
from portinfra.value import define, frozen

Fate = Literal["carried", "not due", "failed"]


@frozen(field_transformer=strict)
class GroupOutcome:
    """The outcome of one group."""

    group: str
    fate: Fate
    point: str = ""
    """The point's id."""
    taken: float | None = None
    problem: str = ""
    moved: int | None = None
    """The bytes that were transferred through the vault."""


@define
class Work:
    """The values that the steps of one run share."""

    recovery: Recovery
    source: SnapshotStore
    target: SnapshotStore
    ledger: Ledger
    placed: Placed
    there: Observation
    """The resources of the source at the beginning of the run."""
    run_options: RunOptions
    say: Callable[[str], None]
    check: Callable[[], None]
    """It raises PolicyError where the source is no longer the active end: its data must not become a point
    then.
    """
    outcomes: dict[str, GroupOutcome] = field(init=False, factory=dict)
    """Group → its outcome."""

    @property
    def captured_end(self) -> End:
        """The end whose data is captured."""
        return peer_of(end_of(self.recovery))

    def leave(self, group: Group, point: Point) -> None:
        """Record that no new point of a group is due."""
        self.outcomes[group.name] = GroupOutcome(group.name, "not due", point.id, point.taken)

    def fail(self, group: Group, problem: str) -> None:
        """Record that no point of a group was captured."""
        self.outcomes[group.name] = GroupOutcome(group.name, "failed", problem=problem)

    def fail_point(self, point: Point, problem: str) -> None:
        """Record that a point did not arrive, or is not as the plan needs it."""
        self.outcomes[point.group] = GroupOutcome(point.group, "failed", point.id, point.taken, problem)

    def finish(self, point: Point, moved: int | None = None) -> None:
        """Record that a point has arrived. `moved` is in bytes."""
        self.outcomes[point.group] = GroupOutcome(point.group, "carried", point.id, point.taken, moved=moved)
        self.say(f"{point.group}: copied, point {point.id}")
