"""The services that the hosts of each role call, and the servers behind each of them.

An upstream is a service on its client's host: a port on 127.0.0.1. The terms are those of Envoy.
"""

from collections.abc import Mapping

from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.model.service import Service
from portinfra.model.topology import Topology
from portinfra.value import frozen


@frozen
class Server:
    """A host that offers a service, as a client sees it."""

    name: str
    address: str
    is_backup: bool
    """Whether it gets requests only while no server of the client's zone is up."""


@frozen
class Upstreams:
    """The services of a placed topology, with their clients and servers."""

    hosts: Mapping[str, tuple[Instance, ...]]
    """The hosts of each role, by number."""
    calls: Mapping[str, tuple[Service, ...]]
    """The services that each role calls, in the order of the declaration."""
    admitted: Mapping[str, tuple[str, ...]]
    """The roles whose flows reach the port of each service, in the order of the declaration."""
    offered_by: Mapping[str, str]
    """The role that offers each service."""
    zones: int

    def servers(self, service: Service, zone: int) -> list[Server]:
        """Return the hosts that offer a service: those of the client's zone, then zone by zone upwards.

        If the zone has none, no server is a backup: all of them get requests.
        """
        hosts = self.hosts[self.offered_by[service.name]]
        own = any(host.zone == zone for host in hosts)
        order = sorted(hosts, key=lambda host: (_zone(host) - zone) % self.zones)  # stable: by number
        return [Server(host.name, host.private_address, own and host.zone != zone) for host in order]

    def count_clients(self, service: Service) -> int:
        """Return the number of hosts that call a service, and so check each of its servers."""
        return sum(len(self.hosts[role]) for role, called in self.calls.items() if service in called)


def find_upstreams(placed: Placed) -> Upstreams:
    """Return the services of a placed topology with their clients and servers."""
    topology = placed.topology
    hosts: dict[str, list[Instance]] = {role.name: [] for role in topology.roles}
    for spec in placed.resources.values():
        if isinstance(spec, Instance):
            hosts[placed.roles[spec.address]].append(spec)
    return Upstreams(
        {role: tuple(some) for role, some in hosts.items()},
        {role: _called_services(topology, role) for role in hosts},
        {service.name: _admitted_roles(topology, role.name, service) for role, service in topology.services},
        {service.name: role.name for role, service in topology.services},
        placed.zones,
    )


def _called_services(topology: Topology, role: str) -> tuple[Service, ...]:
    names = {flow.service for flow in topology.flows if role in flow.sources}
    return tuple(service for _, service in topology.services if service.name in names)


def _admitted_roles(topology: Topology, owner: str, service: Service) -> tuple[str, ...]:
    """Return the roles that may reach the port, by any flow: a role without an upstream speaks TLS itself."""
    sources = {
        source
        for flow in topology.flows
        if owner in flow.targets and any(first <= service.tcp <= last for first, last in flow.tcp)
        for source in flow.sources
    }
    return tuple(role.name for role in topology.roles if role.name in sources)


def _zone(host: Instance) -> int:
    """Return the ordinal of a host's zone. Placement sets no names."""
    return int(host.zone)
