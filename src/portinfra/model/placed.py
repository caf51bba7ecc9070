"""A placed topology: every resource, zone ordinal and address, before any call to a cloud."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from portinfra.model import convert
from portinfra.model.address import Address, Scope
from portinfra.model.environment import Environment
from portinfra.model.location import Location
from portinfra.model.resources import Spec
from portinfra.model.topology import Topology


@frozen(field_transformer=convert.refuse_text)
class Placed:
    """Every resource that the topology needs in the environment.

    Zones are ordinals, sizes and images are logical. Planning binds them to the provider's names.
    """

    topology: Topology
    environment: Environment
    scope: Scope
    resources: Mapping[Address, Spec]
    """In the order of their references: a resource comes after all that it refers to."""
    roles: Mapping[Address, str] = field(factory=dict)
    """The role that each resource belongs to. The network belongs to none."""
    zones: int = 3
    """How many zones it uses."""

    def without_ignoring(self, attribute: str) -> "Placed":
        """Return the same, where no role ignores this attribute: what is wanted decides."""
        roles = [
            evolve(role, ignore=tuple(name for name in role.ignore if name != attribute))
            for role in self.topology.roles
        ]
        return evolve(self, topology=evolve(self.topology, roles=roles))

    def without_renames(self) -> "Placed":
        """Return the same, where no role has a former name: resources keep the names that they have."""
        roles = [evolve(role, renamed_from=None) for role in self.topology.roles]
        return evolve(self, topology=evolve(self.topology, roles=roles))

    def location(self, address: Address) -> Location:
        """Return the line of the declaration that needs this resource."""
        role = self.roles.get(address)
        return self.topology.role(role).location if role else self.topology.location
