"""The topology placed in the target, its volumes sourced from recovery points. Pure."""

from collections.abc import Callable, Collection, Iterable

from attrs import evolve

from portinfra.errors import PortinfraError
from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import Attachment, Instance, Spec, Volume
from portinfra.model.topology import INTERNET, Flow, Role, Topology
from portinfra.recovery.groups import groups
from portinfra.recovery.points.coverage import NOTHING, Accepted, coverage
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.points.point import Point
from portinfra.recovery.recovery import Recovery


def place_with_data(
    recovery: Recovery,
    placed: Placed,
    points: Iterable[Point],
    there: Observation,
    accepted: Accepted = NOTHING,
) -> Placed:
    """The same resources; each volume that a point has data for begins with that data. The recovery decides
    which hosts run, so no role ignores it.

    `there` is what the points' scope holds. Volumes bear the same names in every environment. Raises
    PortinfraError for a point that does not cover its group any more: volumes would begin blank.
    """
    declared = {group.name: group for group in groups(recovery, placed)}
    sources: dict[Address, str] = {}
    for point in points:
        if point.group not in declared:
            continue
        judged = coverage(placed, declared[point.group], point, there, VaultListing()).accept(accepted)
        if judged.restorable is not True:
            raise PortinfraError(
                f"point {point.id} was removed meanwhile: {', '.join(map(str, judged.against))}",
                fix="Run it again: it takes the newest there is.",
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
    """The same, where none of these volumes is ever formatted."""
    mounts = tuple(
        evolve(mount, restored=mount.restored or (host.address, mount.device) in with_data)
        for mount in host.mounts
    )
    return evolve(host, mounts=mounts)


def outdated_volumes(
    placed: Placed, there: Observation, stale: Collection[str] = (), blank: Collection[Address] = ()
) -> frozenset[Address]:
    """The volumes that are there already, with other data than they should begin with. Those of `stale` roles
    are of an earlier time, wherever their data came from: it was written on since. So are `blank` ones, which
    are to begin without any data.

    Those that begin empty, and join another, are as old as that one: `joining` ones are emptied before it
    gets its data, so that nobody has joined yet while it has not.
    """
    joins = _joins(placed)
    return frozenset(
        address
        for address, spec in placed.resources.items()
        if isinstance(spec, Volume)
        and address in there.resources
        and (
            placed.roles[address] in stale
            if address in blank
            else not _has_its_data(joins.get(address, address), placed, there, stale)
        )
    )


def _has_its_data(volume: Address, placed: Placed, there: Observation, stale: Collection[str]) -> bool:
    """Whether it has what it should begin with."""
    source, seen = _source(volume, placed), there.resources.get(volume)
    same = seen is not None and isinstance(seen.spec, Volume) and seen.spec.source == source
    fresh = same and placed.roles[volume] not in stale
    return not source or fresh


def _source(volume: Address, placed: Placed) -> str | None:
    spec = placed.resources[volume]
    return spec.source if isinstance(spec, Volume) else None


def joining(placed: Placed, volumes: frozenset[Address]) -> frozenset[Address]:
    """Those of the volumes that begin empty, and join another."""
    return volumes & _joins(placed).keys()


def _joins(placed: Placed) -> dict[Address, Address]:
    """Volume → that of its role's first host, where that alone begins with data."""
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


def replacing(volumes: frozenset[Address], roles: Iterable[str] = ()) -> PlanOptions:
    """The options that bring back these roles, and give up what these volumes held; without roles, only the
    latter.
    """
    return PlanOptions(
        only=frozenset(roles),
        addresses=volumes,
        replace=volumes,
        unprotected=volumes,
        allow_data_loss=frozenset(map(str, volumes)),
    )


def hosts_of(placed: Placed, volumes: frozenset[Address]) -> frozenset[Address]:
    """The hosts that these volumes are attached to."""
    return frozenset(
        spec.instance
        for spec in placed.resources.values()
        if isinstance(spec, Attachment) and spec.volume in volumes and spec.instance
    )


def find_moved(placed: Placed, there: Observation, volumes: Collection[Address]) -> frozenset[Address]:
    """Return those of the volumes that exist and are not attached to their own host: a person has detached
    them, or attached them to another host, which may have written to them.
    """
    own = {
        spec.volume: spec.instance
        for spec in placed.resources.values()
        if isinstance(spec, Attachment) and spec.volume in volumes
    }
    seen = {each.spec.volume: each.spec.instance for each in there.of(Attachment).values()}
    return frozenset(
        volume
        for volume, host in own.items()
        if volume is not None and volume in there.resources and seen.get(volume) != host
    )


def all_at_once(placed: Placed) -> Placed:
    """The same, where nobody uses the hosts yet: none has to wait for another of its role."""
    roles = [evolve(role, max_unavailable=max(role.count, 1)) for role in placed.topology.roles]
    return evolve(placed, topology=evolve(placed.topology, roles=roles))


def isolate(topology: Topology) -> Topology:
    """The topology without any way in or out: no public hosts, and no flow but between its own roles."""
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
    return evolve(role, protect=False, volumes=[evolve(volume, protect=False) for volume in role.volumes])


def _own(names: Iterable[str], roles: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in roles and name != INTERNET)


def _leads_anywhere(flow: Flow) -> bool:
    return bool(flow.sources and flow.targets)


def ending(placed: Placed, seconds: int) -> Placed:
    """The same, with hosts that end themselves after so long, whatever becomes of everybody else."""
    return _with_hosts(placed, lambda host: evolve(host, ends_after=seconds))


def with_hosts_off(placed: Placed, hosts: frozenset[Address]) -> Placed:
    """The same, with these hosts off."""
    return _with_hosts(placed, lambda host: evolve(host, power="stopped") if host.address in hosts else host)


def _with_hosts(placed: Placed, change: Callable[[Instance], Instance]) -> Placed:
    resources: dict[Address, Spec] = {
        address: change(spec) if isinstance(spec, Instance) else spec
        for address, spec in placed.resources.items()
    }
    return evolve(placed, resources=resources)
