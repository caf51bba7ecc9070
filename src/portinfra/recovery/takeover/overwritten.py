"""The volumes that one takeover or refresh replaces, and that may have data which is nowhere else."""

from collections.abc import Collection

from attrs import define, field

from portinfra.execution.run import Run
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.evidence import LeftAside
from portinfra.recovery.points.left_aside import KeptVolumes
from portinfra.rollout.waves import Say
from portinfra.words import count


@define
class Overwritten:
    """Snapshots of them are kept for `keep_overwritten` of the plan, before they are replaced."""

    kept: KeptVolumes
    run: Run
    """Holds the lease of their end."""
    id: str
    """Of the takeover or refresh."""
    data: str
    """A short word for the data that replaces them."""
    say: Say
    names: set[str] = field(factory=set)
    """The names of the volumes, also those that an earlier run of the same takeover replaced."""

    def keep(self, volumes: Collection[Address]) -> None:
        """Keep a snapshot of each volume. Their hosts are off. Raises what `KeptVolumes.keep` raises."""
        if limit := self.kept.recovery.plan.keep_overwritten:
            self.say(f"keeping snapshots of {count(len(volumes), 'volume')} for {limit}")
            with self.run.living():
                self.kept.keep(volumes, self.id, self.data, seconds(limit))
        self.names |= {volume.name for volume in volumes}

    def list_volumes(self) -> tuple[LeftAside, ...]:
        """Return the volumes with their kept snapshots, as evidence has them."""
        return self.kept.list_overwritten(self.names, self.id)
