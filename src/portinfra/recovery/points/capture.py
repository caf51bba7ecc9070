"""The capture of one group at one moment: hooks, snapshots that are captured while the hooks hold, hooks
again.
"""

from typing import Any

from attrs import field

from portinfra.format import duration
from portinfra.hooks import calls
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.hook import Hook
from portinfra.model.resources import Snapshot, Spec
from portinfra.recovery.groups import Group
from portinfra.recovery.ledger.points import id_of, snapshot_name, volume_of
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.value import define

HOOK_SECONDS = 300.0
"""The time limit of a hook, in seconds."""


@define
class Capture:
    """The capture of one group."""

    group: Group
    id: str
    source: SnapshotStore
    given: Any
    end: str = "source"
    """The end of the recovery plan that is captured."""
    problem: str = ""
    froze: float = 0.0
    """When its first hook began: no freeze is older, and the freeze limit counts from here."""
    moment: float = 0.0
    """When its hooks had ended: the point has all earlier writes."""
    captured: dict[Address, float] = field(init=False, factory=dict)
    """Snapshot → when the provider promised that later writes are not in it."""
    to_thaw: list[Hook] = field(init=False)
    """The hooks `after` that have not ended yet."""

    @to_thaw.default
    def _all_of_them(self) -> list[Hook]:
        return list(self.group.after)

    def snapshots(self, shared_with: str) -> dict[Address, Spec]:
        """Return its snapshots."""
        specs = [
            Snapshot(snapshot_name(volume, self.id), volume, shared_with=shared_with)
            for volume in self.group.volumes
        ]
        return {spec.address: spec for spec in specs}

    def freeze(self) -> str:
        """Call the hooks `before`. Return why one of them failed."""
        self.froze = self.source.now
        with self.source.run.keep_lease():
            for hook in self.group.before:
                if not self._call_hook(hook, freeze_seconds=str(self.limit)):
                    break
        self.moment = self.source.now
        return self.problem

    @property
    def limit(self) -> int:
        """The seconds that a freeze holds."""
        return min(seconds(policy.freeze_limit) for policy in self.group.policies)

    def record_capture(self, address: Address) -> None:
        """Record that later writes are not in a snapshot. When all are captured, thaw the group."""
        if volume_of(address) in self.group.volumes and id_of(address) == self.id:
            self.captured.setdefault(address, self.source.now)
            if len(self.captured) == len(self.group.volumes):
                self.thaw()

    def thaw(self) -> None:
        """Call the hooks `after`, also after a failure. A hook that was interrupted is called once more."""
        if not self.to_thaw:
            return
        with self.source.run.keep_lease():
            while self.to_thaw:
                self._call_hook(self.to_thaw[0])
                del self.to_thaw[0]

    def lateness(self) -> str:
        """Return that the snapshots are not of one moment; empty: they are."""
        if not self.group.before or not self.captured:
            return ""
        took = max(self.captured.values()) - self.froze
        if took <= self.limit:
            return ""
        late, held = duration(took), duration(self.limit)
        return f"its last snapshot was captured {late} after the freeze began, which holds for {held}"

    def _call_hook(self, hook: Hook, **variables: str) -> bool:
        outcome = calls.call(
            hook,
            self.given,
            seconds=HOOK_SECONDS,
            stopped=None,
            group=self.group.name,
            end=self.end,
            **variables,
        )
        if not outcome.passed:
            output = "" if self.group.sensitive else outcome.told
            self.problem = self.problem or f"{calls.name_of(hook)}: {output or 'failed'}"
        return outcome.passed
