"""What rules look at: one topology in one environment, as declared or as it is in the cloud."""

from collections.abc import Mapping

from attrs import field, frozen

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


@frozen(field_transformer=strict)
class PolicyContext:
    """The declaration, with what is placed or what is there, and who can reach whom in it."""

    placed: Placed
    """The declaration and every resource that it needs."""
    reach: Reach
    """Who can reach whom: in the declaration; with an observation, in what is there."""
    resources: Mapping[Address, Spec]
    """The resources that are placed; with an observation, those that are there."""
    observation: Observation | None = None
    """What the cloud told; None where the declaration itself is checked."""
    recoveries: tuple[RecoveryPlan, ...] = ()
    """The recovery plans that the environment is in, as far as they are given."""
    roles: tuple[Role, ...] = field(init=False)
    """Every role as it is in this environment, its overrides applied."""
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
        """What is declared, wherever it is placed."""
        return self.placed.topology

    @property
    def environment(self) -> Environment:
        """Where it is placed."""
        return self.placed.environment

    def role(self, name: str) -> Role | None:
        """The declared role of that name, if there is one."""
        return next((role for role in self.roles if role.name == name), None)

    def hosts(self, role: str) -> tuple[Instance, ...]:
        """The hosts of a role."""
        return self._hosts.get(role, ())
