"""The host of a prober: number n + 1 of a role, in its subnets and with its firewall. It makes no calls."""

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.placement import place, role_in


def prober_host(placed: Placed, role: str, user_data: str) -> Instance:
    """Return the host. It has no volumes, as the data is on the hosts that it checks.

    Raises PlacementError if the subnets of the role have no free address.
    """
    environment = placed.environment
    number = role_in(placed.topology.role(role), environment).count + 1
    roles = {**environment.roles, role: {**environment.roles.get(role, {}), "count": number}}
    larger = place(placed.topology, evolve(environment, roles=roles))
    host = larger.resources[Address(f"instance.{role}{number}")]
    assert isinstance(host, Instance)
    others = [each for each in placed.resources.values() if isinstance(each, Instance)]
    ends_after = max((each.ends_after for each in others), default=0)
    return evolve(host, mounts=(), user_data=user_data, ends_after=ends_after)


def add_host(placed: Placed, role: str, host: Instance) -> Placed:
    """Return the placed topology with one more host of a role."""
    resources = {**placed.resources, host.address: host}
    return evolve(placed, resources=resources, roles={**placed.roles, host.address: role})
