"""A placed topology: every resource, zone ordinal and address, before any call to a cloud."""

from collections.abc import Mapping

from attrs import evolve, field

from portinfra.model import convert
from portinfra.model.address import Address, Scope
from portinfra.model.environment import Environment
from portinfra.model.location import Location
from portinfra.model.resources import Spec, field_name
from portinfra.model.topology import Role, Topology
from portinfra.value import frozen


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
    enforced: frozenset[str] = frozenset()
    """The attributes that no role ignores here: what is wanted decides."""

    def without_ignoring(self, attribute: str) -> "Placed":
        """Return the same, where no role ignores this attribute. The topology stays as declared."""
        return evolve(self, enforced=self.enforced | {attribute})

    def list_ignored(self, role: Role) -> frozenset[str]:
        """Return the attributes of resources that a role ignores here, by the names that specs have."""
        return frozenset(map(field_name, role.ignore)) - self.enforced

    def without_renames(self) -> "Placed":
        """Return the same, where no role has a former name: resources keep the names that they have."""
        roles = [evolve(role, renamed_from=None) for role in self.topology.roles]
        return evolve(self, topology=evolve(self.topology, roles=roles))

    def location(self, address: Address) -> Location:
        """Return the line of the declaration that needs this resource."""
        role = self.roles.get(address)
        return self.topology.role(role).location if role else self.topology.location
