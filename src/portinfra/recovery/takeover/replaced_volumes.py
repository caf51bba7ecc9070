"""The volumes that one takeover or refresh replaces, and whose data may exist nowhere else."""

from collections.abc import Collection

from attrs import field

from portinfra.execution.run import Run
from portinfra.format import count
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.evidence import LeftAside
from portinfra.recovery.points.kept_snapshots import KeptVolumes
from portinfra.recovery.points.kept_time import describe_duration
from portinfra.rollout.waves import Say
from portinfra.value import define


@define
class ReplacedVolumes:
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
    _done: set[Address] = field(init=False, factory=set)
    """The volumes that this run has made snapshots of."""

    def keep(self, volumes: Collection[Address]) -> None:
        """Keep a snapshot of each volume, once a run. Their hosts are off. Raises what `KeptVolumes.keep`
        raises.
        """
        new = {*volumes} - self._done
        if new and (limit := self.kept.recovery.plan.keep_overwritten):
            stay = describe_duration(limit, ends_by_time=self.kept.ends_by_time)
            self.say(f"keeping a snapshot of {count(len(new), 'volume')}, each {stay}")
            with self.run.keep_lease():
                self.kept.keep(new, self.id, self.data, seconds(limit))
        self._done |= new
        self.names |= {volume.name for volume in volumes}

    def list_volumes(self) -> tuple[LeftAside, ...]:
        """Return the volumes with their kept snapshots, as evidence has them."""
        return self.kept.list_overwritten(self.names, self.id)
