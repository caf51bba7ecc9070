"""The input of rules: one topology in one environment, as declared or as it exists in the cloud."""

from collections.abc import Mapping

from attrs import field

from portinfra.model.address import Address
from portinfra.model.environment import Environment
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.resources import Instance, Spec
from portinfra.model.strict import strict
from portinfra.model.topology import Role, Topology
from portinfra.placement import role_in
from portinfra.reach import Reach
from portinfra.reach.parties import role_of
from portinfra.value import frozen


@frozen(field_transformer=strict)
class PolicyContext:
    """The declaration, the placed or existing resources, and who can reach whom."""

    placed: Placed
    """The declaration and every resource that it needs."""
    reach: Reach
    """Who can reach whom, by the declaration. With an observation, by the existing resources."""
    resources: Mapping[Address, Spec]
    """The placed resources. With an observation, the existing ones."""
    observation: Observation | None = None
    """What the cloud returned; None where the declaration itself is checked."""
    recoveries: tuple[RecoveryPlan, ...] = ()
    """The recovery plans of the caller that include the environment."""
    roles: tuple[Role, ...] = field(init=False)
    """Every role as it is in this environment, with its overrides."""
    _hosts: Mapping[str, tuple[Instance, ...]] = field(init=False, repr=False)

    @roles.default
    def _roles_here(self) -> tuple[Role, ...]:
        return tuple(role_in(role, self.environment) for role in self.topology.roles)

    @_hosts.default
    def _hosts_by_role(self) -> Mapping[str, tuple[Instance, ...]]:
        found: dict[str, list[Instance]] = {}
        for address, spec in self.resources.items():
            if isinstance(spec, Instance):
                found.setdefault(role_of(address.name), []).append(spec)
        return {role: tuple(some) for role, some in found.items()}

    @property
    def topology(self) -> Topology:
        """The declared topology."""
        return self.placed.topology

    @property
    def environment(self) -> Environment:
        """The environment in which it is placed."""
        return self.placed.environment

    def role(self, name: str) -> Role | None:
        """Return the declared role of that name; None: there is none."""
        return next((role for role in self.roles if role.name == name), None)

    def hosts(self, role: str) -> tuple[Instance, ...]:
        """Return the hosts of a role."""
        return self._hosts.get(role, ())
