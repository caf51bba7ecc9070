"""The topology placed in the target, with volumes that begin with the data of recovery points. Pure."""

from collections.abc import Callable, Collection, Iterable

from attrs import evolve

from portinfra.errors import PortinfraError
from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import (
    Attachment,
    Firewall,
    FirewallRules,
    Instance,
    Spec,
    Subnet,
    Volume,
)
from portinfra.model.topology import INTERNET, Flow, Role, Topology
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.points import Point
from portinfra.recovery.points.coverage import NOTHING, Accepted, coverage
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.recovery import Recovery


def place_with_data(
    recovery: Recovery,
    placed: Placed,
    points: Iterable[Point],
    observed: Observation,
    accepted: Accepted = NOTHING,
) -> Placed:
    """Return `placed`, where each volume that a point has data for begins with that data. No role ignores
    `power`: the recovery decides which hosts run.

    `there` is what the scope of the points has. Volumes have the same names in every environment. Raises
    PortinfraError for a point that does not cover its group any more: volumes would begin blank.
    """
    declared = {group.name: group for group in groups(recovery, placed)}
    sources: dict[Address, str] = {}
    for point in points:
        if point.group not in declared:
            continue
        judged = coverage(placed, declared[point.group], point, observed, VaultListing()).accept(accepted)
        if judged.restorable is not True:
            raise PortinfraError(
                f"point {point.id} changed during this run: {', '.join(map(str, judged.against))}",
                fix="Run the same command again: it uses the newest points.",
            )
        sources |= judged.sources
    resources: dict[Address, Spec] = {}
    for address, spec in placed.resources.items():
        source = sources.get(address)
        resources[address] = evolve(spec, source=source) if source and isinstance(spec, Volume) else spec
    with_data = {
        (spec.instance, spec.device)
        for spec in resources.values()
        if isinstance(spec, Attachment) and spec.volume in sources
    }
    placed = evolve(placed.without_ignoring("power"), resources=resources)
    return _with_hosts(placed, lambda host: _without_formatting(host, with_data))


def _without_formatting(host: Instance, with_data: Collection[tuple[Address | None, str]]) -> Instance:
    """Return a host that never formats these volumes."""
    mounts = tuple(
        evolve(mount, restored=mount.restored or (host.address, mount.device) in with_data)
        for mount in host.mounts
    )
    return evolve(host, mounts=mounts)


def outdated_volumes(
    placed: Placed, observed: Observation, stale: Collection[str] = (), blank: Collection[Address] = ()
) -> frozenset[Address]:
    """Return the existing volumes that have other data than they should begin with.

    Volumes of `stale` roles have older data, wherever it came from: hosts wrote to it since. `blank` volumes
    should begin without data, so existing ones are outdated too.

    A volume that begins empty and joins another has the age of that one. portinfra empties the volumes
    of `find_joining` before the other gets its data, so no volume joins an outdated one.
    """
    joins = _joins(placed)
    return frozenset(
        address
        for address, spec in placed.resources.items()
        if isinstance(spec, Volume)
        and address in observed.resources
        and (
            placed.roles[address] in stale
            if address in blank
            else not _has_its_data(joins.get(address, address), placed, observed, stale)
        )
    )


def _has_its_data(volume: Address, placed: Placed, observed: Observation, stale: Collection[str]) -> bool:
    """Return whether a volume has the data that it should begin with."""
    source, seen = _source(volume, placed), observed.resources.get(volume)
    same = seen is not None and isinstance(seen.spec, Volume) and seen.spec.source == source
    fresh = same and placed.roles[volume] not in stale
    return not source or fresh


def _source(volume: Address, placed: Placed) -> str | None:
    spec = placed.resources[volume]
    return spec.source if isinstance(spec, Volume) else None


def find_joining(placed: Placed, volumes: frozenset[Address]) -> frozenset[Address]:
    """Return those of the volumes that begin empty and join another."""
    return volumes & _joins(placed).keys()


def _joins(placed: Placed) -> dict[Address, Address]:
    """Return volume → the volume of its role's first host, where only that one begins with data."""
    attached = {
        (spec.instance, spec.device): spec.volume
        for spec in placed.resources.values()
        if isinstance(spec, Attachment)
    }
    found = {}
    for address, spec in placed.resources.items():
        if isinstance(spec, Attachment) and spec.volume:
            first = attached.get((Address(f"instance.{placed.roles[address]}1"), spec.device))
            if first and _source(first, placed) and not _source(spec.volume, placed):
                found[spec.volume] = first
    return found


def missing_networks(placed: Placed, observed: Observation, roles: Collection[str]) -> frozenset[Address]:
    """Return the subnets and firewalls of these roles that do not exist, with their rules.

    Where a firewall exists, hosts may run behind it: its rules change in the wave of its role.
    """
    return frozenset(
        address
        for address, spec in placed.resources.items()
        if isinstance(spec, Subnet | Firewall | FirewallRules)
        and placed.roles.get(address) in roles
        and (spec.firewall if isinstance(spec, FirewallRules) else address) not in observed.resources
    )


def replacement_options(
    volumes: frozenset[Address], roles: Iterable[str] = (), others: frozenset[Address] = frozenset()
) -> PlanOptions:
    """Return the options that replace these volumes, and create these roles and `others` again; without
    roles, only the volumes. The data of the volumes is lost.
    """
    return PlanOptions(
        only=frozenset(roles),
        addresses=volumes | others,
        replace=volumes,
        unprotected=volumes,
        allow_data_loss=frozenset(map(str, volumes)),
    )


def hosts_of(placed: Placed, volumes: frozenset[Address]) -> frozenset[Address]:
    """Return the hosts that these volumes are attached to."""
    return frozenset(
        spec.instance
        for spec in placed.resources.values()
        if isinstance(spec, Attachment) and spec.volume in volumes and spec.instance
    )


def find_moved(placed: Placed, observed: Observation, volumes: Collection[Address]) -> frozenset[Address]:
    """Return those of the volumes that exist and are not attached to their own host. A person has detached
    them, or attached them to another host, which may have written to them.
    """
    own = {
        spec.volume: spec.instance
        for spec in placed.resources.values()
        if isinstance(spec, Attachment) and spec.volume in volumes
    }
    seen = {each.spec.volume: each.spec.instance for each in observed.of(Attachment).values()}
    return frozenset(
        volume
        for volume, host in own.items()
        if volume is not None and volume in observed.resources and seen.get(volume) != host
    )


def all_at_once(placed: Placed) -> Placed:
    """Return `placed` for hosts without users: no host waits for another of its role."""
    roles = [evolve(role, max_unavailable=max(role.count, 1)) for role in placed.topology.roles]
    return evolve(placed, topology=evolve(placed.topology, roles=roles))


def isolate(topology: Topology) -> Topology:
    """Return the topology without any access from or to the outside: no public hosts, and only flows between
    its own roles.
    """
    roles = {role.name for role in topology.roles}
    flows = [
        evolve(flow, sources=_own(flow.sources, roles), targets=_own(flow.targets, roles))
        for flow in topology.flows
    ]
    return evolve(
        topology,
        roles=[_without_protection(evolve(role, public="")) for role in topology.roles],
        flows=[flow for flow in flows if _leads_anywhere(flow)],
    )


def _without_protection(role: Role) -> Role:
    return evolve(
        role,
        deletion_protection=False,
        volumes=[evolve(volume, deletion_protection=False) for volume in role.volumes],
    )


def _own(names: Iterable[str], roles: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in roles and name != INTERNET)


def _leads_anywhere(flow: Flow) -> bool:
    return bool(flow.sources and flow.targets)


def with_end_after(placed: Placed, seconds: int) -> Placed:
    """Return `placed` with hosts that end themselves after `seconds`, also if the run dies."""
    return _with_hosts(placed, lambda host: evolve(host, ends_after=seconds))


def with_hosts_off(placed: Placed, hosts: frozenset[Address]) -> Placed:
    """Return `placed` with these hosts powered off."""
    return _with_hosts(placed, lambda host: evolve(host, power="stopped") if host.address in hosts else host)


def _with_hosts(placed: Placed, change: Callable[[Instance], Instance]) -> Placed:
    resources: dict[Address, Spec] = {
        address: change(spec) if isinstance(spec, Instance) else spec
        for address, spec in placed.resources.items()
    }
    return evolve(placed, resources=resources)
