"""The environment of a rollout, and whether evidence may contain the output of hooks."""

from collections.abc import Sequence

from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.hooks.inventory import inventory
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.hook import Inventory
from portinfra.model.placed import Placed
from portinfra.model.progress import Listener
from portinfra.model.resources import Instance
from portinfra.value import frozen


@frozen
class RolloutContext:
    """An environment while a run changes it."""

    place: Connection
    run: Run
    catalogue: Catalogue
    placed: Placed
    """All resources that the environment has in the end."""
    listen: Listener
    quiet: bool = False
    """Whether evidence leaves out the output of hooks, as the data is sensitive."""

    @property
    def now(self) -> float:
        """The provider's time, in seconds since 1970."""
        return self.place.now()

    def pause(self, seconds: float) -> None:
        """Wait, and renew the lease of the run meanwhile."""
        self.run.sleep_until(self.place.provider.clock.now() + seconds)

    def inventory(self, **more: str) -> Inventory:
        """Return the hosts that exist now, as hooks read them."""
        return inventory(self.placed, self.run.reader.observe(self.placed.scope), **more)

    def hosts(self, roles: Sequence[str]) -> list[Address]:
        """Return the placed hosts of these roles."""
        return [
            address
            for address, spec in self.placed.resources.items()
            if isinstance(spec, Instance) and self.placed.roles[address] in roles
        ]
