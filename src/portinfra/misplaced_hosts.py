"""Hosts whose zone or address is not the declared one.

portinfra moves no volume. So a host stays with a volume that it keeps, and the zones of existing resources
count more than declared zones in another order. A reader of only the declaration would take such a host for
another one. This module writes what portinfra prints about them.
"""

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve

from portinfra.command_text import command_line
from portinfra.errors import PlacementError
from portinfra.format import count, join_runs, suggestion
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.placed import Placed
from portinfra.model.resources import Attachment, Instance, Spec, Subnet
from portinfra.placement import ZONES_MAX, place
from portinfra.value import frozen

_SAID_MAX = 4
"""A message names at most so many hosts one by one."""


@frozen
class Elsewhere:
    """One host, with its existing and its declared place."""

    host: Address
    zone: str
    private_address: str
    declared_zone: str
    """Empty where the environment names no zones."""
    declared_address: str
    volumes: tuple[Address, ...] = ()
    """The volumes that keep the host in its zone. Empty: only the name of the zone differs."""

    def __str__(self) -> str:
        if not self.volumes:
            return f"{self.host.name} in {self.zone}"
        zone = f" in {self.declared_zone}" if self.declared_zone else ""
        where = f"{self.host.name} has {self.private_address} in {self.zone}"
        return f"{where}, and is declared with {self.declared_address}{zone}"


def find_elsewhere(placed: Placed, resources: Mapping[Address, Spec]) -> list[Elsewhere]:
    """Return the hosts among these resources that portinfra leaves in another place than declared.

    `resources` are those that exist, or those that will exist after a plan. A host without volumes in another
    subnet does not count: an apply replaces it. Nor does a host whose role ignores its place.
    """
    volumes = _volumes(resources)
    ignoring = {role.name for role in placed.topology.roles if {"zone", "private_address"} & set(role.ignore)}
    zones = placed.environment.zones
    found: list[Elsewhere] = []
    for address, want in placed.resources.items():
        host = resources.get(address)
        if not (isinstance(want, Instance) and isinstance(host, Instance) and isinstance(want.zone, int)):
            continue
        if placed.roles.get(address) in ignoring:
            continue
        declared = zones[want.zone] if want.zone < len(zones) else ""
        zone = host.zone if isinstance(host.zone, str) else ""
        is_moved = host.subnet != want.subnet and host.private_address != want.private_address
        held = tuple(volumes.get(address, ())) if is_moved else ()
        if held or (not is_moved and declared and zone and zone != declared):
            found.append(Elsewhere(address, zone, host.private_address, declared, want.private_address, held))
    return found


def _volumes(resources: Mapping[Address, Spec]) -> dict[Address, list[Address]]:
    """Return the volumes of each host that has any."""
    found: dict[Address, list[Address]] = {}
    for spec in resources.values():
        if isinstance(spec, Attachment) and spec.instance and spec.volume:
            found.setdefault(spec.instance, []).append(spec.volume)
    return found


def describe_held(
    placed: Placed, held: Iterable[Elsewhere], existing: Mapping[Address, Spec]
) -> tuple[str, str]:
    """Return what to print about hosts that volumes keep in place, and how to correct it."""
    hosts = list(held)
    volumes = sorted({volume for each in hosts for volume in each.volumes})
    hold = "holds" if len(volumes) == 1 else "hold"
    who, it = ("host stays", "it is") if len(hosts) == 1 else ("hosts stay", "they are")
    message = (
        f"{len(hosts):,} {who} elsewhere than declared ({join_runs(each.host.name for each in hosts)}), as "
        f"{join_runs(volumes)} {hold} data there: {_say(hosts)}"
    )
    if placed.topology.delivery:
        message += ". Files of other hosts name the declared addresses"
    former = _former_zones(placed, existing)
    zones = (
        f"write the zones of before: {_zones_line(placed, former)}" if former else "write `zones` as before"
    )
    name = placed.environment.name
    give_up = command_line("plan", name, *(word for each in volumes[:_SAID_MAX] for word in _leave(each)))
    more = ", with the other volumes too" if len(volumes) > _SAID_MAX else ""
    fix = (
        f"To leave {'it' if len(hosts) == 1 else 'them'} where {it}, {zones}. To "
        f"create {'it' if len(hosts) == 1 else 'them'} again as declared, and lose the data: {give_up}{more}"
    )
    return message, fix


def describe_other_zones(
    placed: Placed, hosts: list[Elsewhere], existing: Mapping[Address, Spec]
) -> tuple[str, str]:
    """Return what to print about hosts in zones with other names than declared, and how to correct it."""
    are = "is" if len(hosts) == 1 else "are"
    zones = _zones_of_hosts(placed, hosts, existing)
    message = (
        f"{count(len(hosts), 'host')} {are} in other zones than declared "
        f"({join_runs(each.host.name for each in hosts)}): {_say(hosts)}"
    )
    fix = (
        "portinfra moves no subnet to another zone, and leaves its hosts there. Write the zones in the order "
        f"in which they are used: {_zones_line(placed, zones)}. To move them, destroy the environment and "
        "apply it again."
    )
    return message, fix


def describe_unknown_zones(
    placed: Placed,
    catalogue: Catalogue,
    unknown: list[str],
    hosts: list[Elsewhere],
    existing: Mapping[Address, Spec],
) -> tuple[str, str]:
    """Return what to print about zones that the location lacks, with the hosts that are declared in them."""
    message = f"{catalogue.region} has no zone {', '.join(map(repr, unknown))}"
    if not hosts:
        return message, suggestion(unknown[0], [zone.name for zone in catalogue.zones])
    are = "is" if len(hosts) == 1 else "are"
    message += f", and {count(len(hosts), 'host')} {are} in other zones: {_say(hosts)}"
    zones = _zones_line(placed, _zones_of_hosts(placed, hosts, existing))
    return message, f"Write the zones in the order in which they are used: {zones}."


def _zones_of_hosts(
    placed: Placed, hosts: Iterable[Elsewhere], existing: Mapping[Address, Spec]
) -> list[str]:
    """Return the zones to declare, so that the declaration matches the place of each of these hosts."""
    zones = _former_zones(placed, existing)
    if not zones:
        zones = list(placed.environment.zones)
        for each in hosts:
            zones[placed.resources[each.host].zone] = each.zone  # type: ignore[attr-defined]
    return zones


def as_declared(scope: Scope) -> str:
    """Return the sentence beside zones and addresses that come from the declaration only."""
    return (
        "Zones and addresses are those of the declaration. A host that exists may have others: "
        f"{command_line('output', scope.environment)}"
    )


def _leave(volume: Address) -> tuple[str, str]:
    return "--allow-data-loss", volume


def _say(hosts: list[Elsewhere]) -> str:
    some = [str(each) for each in hosts[:_SAID_MAX]]
    separator = "; " if any(each.volumes for each in hosts) else ", "
    more = f"{separator}and {len(hosts) - _SAID_MAX} more" if len(hosts) > _SAID_MAX else ""
    return separator.join(some) + more


def _former_zones(placed: Placed, existing: Mapping[Address, Spec]) -> list[str]:
    """Return the zones that match the place of every host; empty: no such zones are known."""
    zones = dict(sorted(_zones_of_subnets(existing)))
    names = list(zones.values())
    environment = evolve(placed.environment, zones=names)
    is_whole = list(zones) == list(range(len(names))) and 0 < len(names) <= ZONES_MAX
    return names if is_whole and _fits(placed, environment, existing) else []


def _zones_of_subnets(resources: Mapping[Address, Spec]) -> Iterator[tuple[int, str]]:
    """Yield the ordinal and the name of the zone of each subnet: `web-2` has the ordinal 2."""
    for address, spec in resources.items():
        ordinal = address.name.rpartition("-")[2]
        if isinstance(spec, Subnet) and ordinal.isdigit() and isinstance(spec.zone, str) and spec.zone:
            yield int(ordinal), spec.zone


def _fits(placed: Placed, environment: Environment, resources: Mapping[Address, Spec]) -> bool:
    """Return whether the topology, placed in an environment, has each host in its existing place."""
    if len(set(environment.zones)) < len(environment.zones):
        return False
    try:
        there = place(placed.topology, environment)
    except PlacementError:
        return False
    return not find_elsewhere(there, resources)


def _zones_line(placed: Placed, zones: Iterable[str]) -> str:
    listed = ", ".join(f'"{zone}"' for zone in zones)
    return placed.environment.location.write("zones", f"[{listed}]")
