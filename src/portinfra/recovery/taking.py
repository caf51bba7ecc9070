"""One moment of one group: hooks, snapshots that all begin while they hold, hooks."""

from typing import Any

from attrs import define, field

from portinfra.execution.connection import Connection
from portinfra.model.address import Address
from portinfra.model.recovery import seconds
from portinfra.model.resources import Snapshot, Spec
from portinfra.recovery import hooks
from portinfra.recovery.groups import Group
from portinfra.recovery.points import id_of, snapshot_name, volume_of

HOOK_SECONDS = 300.0
"""The longest that a hook may take."""


@define
class Taking:
    """One group, between its hooks."""

    group: Group
    id: str
    source: Connection
    given: Any
    problem: str = ""
    moment: float = 0.0
    """When its hooks had ended: nothing that was written before is missing."""
    begun: dict[Address, float] = field(init=False, factory=dict)
    thawed: bool = field(init=False, default=False)

    def wanted(self, shared_with: str) -> dict[Address, Spec]:
        """Its snapshots."""
        specs = [
            Snapshot(snapshot_name(volume, self.id), volume, shared_with=shared_with)
            for volume in self.group.volumes
        ]
        return {spec.address: spec for spec in specs}

    def freeze(self) -> str:
        """Call the hooks before; why one of them failed."""
        for hook in self.group.before:
            answer = hooks.call(
                hook, self.given, seconds=HOOK_SECONDS, freeze_seconds=str(self.limit), group=self.group.name
            )
            if not answer.passed:
                self.problem = f"{hooks.name_of(hook)}: {self._told(answer)}"
                break
        self.moment = self.source.provider.clock.now()
        return self.problem

    @property
    def limit(self) -> int:
        """Seconds that what is frozen stays so."""
        return min(seconds(policy.freeze_limit) for policy in self.group.policies)

    def note(self, address: Address) -> None:
        """That a snapshot has begun; when all have, it is thawed."""
        if volume_of(address) in self.group.volumes and id_of(address) == self.id:
            self.begun.setdefault(address, self.source.provider.clock.now())
            if len(self.begun) == len(self.group.volumes):
                self.thaw()

    def thaw(self) -> None:
        """Call the hooks after, once, whatever became of the rest."""
        if self.thawed:
            return
        self.thawed = True
        for hook in self.group.after:
            answer = hooks.call(hook, self.given, seconds=HOOK_SECONDS, group=self.group.name)
            if not answer.passed:
                self.problem = self.problem or f"{hooks.name_of(hook)}: {self._told(answer)}"

    def late(self) -> str:
        """That its snapshots are of no one moment."""
        if not self.group.before or not self.begun:
            return ""
        took = max(self.begun.values()) - self.moment
        if took <= self.limit:
            return ""
        return f"its last snapshot began {took:.0f} s after the freeze, which held for {self.limit} s"

    def _told(self, answer: hooks.Answer) -> str:
        return "failed" if self.group.sensitive else answer.told or "failed"
