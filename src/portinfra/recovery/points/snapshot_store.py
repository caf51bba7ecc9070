"""The snapshots of points at one end: in the source, or in the target."""

import math
from collections.abc import Callable, Mapping

from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan, PlanOptions
from portinfra.model.progress import Listener
from portinfra.model.resources import Snapshot, Spec
from portinfra.model.topology import Topology
from portinfra.planning.refusal import refusal_of
from portinfra.recovery.points.silent_zones import await_zones
from portinfra.value import frozen


@frozen
class SnapshotStore:
    """The snapshots at one end, under its lease."""

    connection: Connection
    run: Run
    scope: Scope
    catalogue: Catalogue
    listen: Listener
    say: Callable[[str], None] = lambda line: None

    @property
    def now(self) -> float:
        """The time by the provider's clock."""
        return self.connection.now()

    def snapshots(self) -> dict[Address, Observed[Spec]]:
        """Return the snapshots in the scope."""
        resources = self.run.reader.observe(self.scope).resources
        return {a: seen for a, seen in resources.items() if isinstance(seen.spec, Snapshot)}

    def change(self, changed: Mapping[Address, Spec | None], listen: Listener | None = None) -> None:
        """Make these snapshots, or remove them (None). All others stay as they are. Raises ApplyError."""
        if plan := self._plan(changed):
            self.say(self._about_to(changed))
            self.run.apply(plan, listen or self.listen)

    def begin(
        self, made: Mapping[Address, Spec | None], listen: Listener, capture_by: float = math.inf
    ) -> None:
        """Begin to make these snapshots, until no later write is in any of them.

        Raises ApplyError, also if that is not so at `capture_by`, by the provider's clock.
        """
        if plan := self._plan(made):
            self.run.begin(plan, listen, capture_by)

    def _plan(self, changed: Mapping[Address, Spec | None]) -> Plan | None:
        """Return the plan of these changes; None: there is nothing to do. Raises FindingsError."""
        if not changed:
            return None
        seen = self.run.reader.observe(self.scope).resources
        wanted = {a: each.spec for a, each in seen.items()} | {
            a: s for a, s in changed.items() if s is not None
        }
        for address, spec in changed.items():
            if spec is None:
                wanted.pop(address, None)
        placed = Placed(Topology(self.scope.topology, ()), self.environment, self.scope, wanted)
        gone = frozenset(str(address) for address, spec in changed.items() if spec is None)
        plan = self.run.plan(
            placed, self.catalogue, PlanOptions(addresses=frozenset(changed), allow_data_loss=gone)
        )
        if plan.errors:
            cannot = f"snapshots in {self.environment.name} cannot be made or deleted now"
            raise refusal_of(cannot, await_zones(plan.errors))
        return None if plan.empty else plan

    def _about_to(self, changed: Mapping[Address, Spec | None]) -> str:
        """Return the work of the steps that follow, whose names are the same at both ends."""
        made = [spec for spec in changed.values() if isinstance(spec, Snapshot)]
        name = self.environment.name
        if not made:
            return f"deleting old snapshots in {name}"
        return f"copying to {name}" if any(each.copy_of for each in made) else f"taking snapshots in {name}"

    @property
    def environment(self) -> Environment:
        """The environment of this end."""
        return self.connection.environment
