"""Declared zones that are not those where hosts are, or that the location does not have.

The zones of existing resources win (`binding.py`): portinfra never moves a host. So a declaration whose zones
are reordered or exchanged changes nothing, and must not be taken for what exists.
"""

from collections.abc import Container, Iterator, Mapping

from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance, Spec
from portinfra.words import collapsed, count, suggestion

RULE = "plan/other-zones"

UNKNOWN_RULE = "catalogue/unknown-zone"


def zone_findings(
    placed: Placed,
    wanted: Mapping[Address, Spec],
    observation: Observation,
    catalogue: Catalogue,
    needed: Container[object] = (),
) -> Iterator[Finding]:
    """Return a warning for declared zones that do not exist, and one for hosts that are in other zones. A
    zone that is `needed` for what is new has an error already.
    """
    environment = placed.environment
    subject = f"environment.{environment.name}.zones"
    offered = [zone.name for zone in catalogue.zones]
    silent = observation.unknown
    unknown = [
        zone
        for zone in environment.zones
        if zone not in offered and zone not in silent and zone not in needed
    ]
    if unknown:
        yield Finding(
            UNKNOWN_RULE,
            f"{catalogue.region} has no zone {', '.join(map(repr, unknown))}",
            suggestion(unknown[0], offered),
            Severity.WARNING,
            subject,
            environment.location,
        )
    elsewhere = hosts_elsewhere(placed, wanted)
    if elsewhere:
        where = ", ".join(f"{host.name} in {zone}" for host, (zone, _) in list(elsewhere.items())[:4])
        more = "" if len(elsewhere) <= 4 else f", and {len(elsewhere) - 4} more"
        are = "is" if len(elsewhere) == 1 else "are"
        yield Finding(
            RULE,
            f"{count(len(elsewhere), 'host')} {are} in other zones than declared "
            f"({collapsed(host.name for host in elsewhere)}): {where}{more}",
            "portinfra does not move hosts. Write the zones in the order in which they are used: "
            f"zones = [{', '.join(map(repr, _in_use(placed, wanted)))}]. To move them, destroy the "
            "environment and apply it again.",
            Severity.WARNING,
            subject,
            environment.location,
        )


def hosts_elsewhere(placed: Placed, wanted: Mapping[Address, Spec]) -> dict[Address, tuple[str, str]]:
    """Return the hosts that are, or would be created, in another zone than declared, each with both zones.

    `wanted` has the zones that the plan uses. A new host goes where its volumes and subnets are.
    """
    zones = placed.environment.zones
    found: dict[Address, tuple[str, str]] = {}
    for address, host in wanted.items() if zones else ():
        place = placed.resources.get(address)
        if isinstance(host, Instance) and isinstance(place, Instance) and isinstance(place.zone, int):
            declared = zones[place.zone] if place.zone < len(zones) else ""
            if declared and isinstance(host.zone, str) and host.zone != declared:
                found[address] = (host.zone, declared)
    return found


def _in_use(placed: Placed, wanted: Mapping[Address, Spec]) -> list[str]:
    """Return the zones by ordinal: that of a host where there is one, else the declared one."""
    zones = list(placed.environment.zones)
    for address, (zone, _) in hosts_elsewhere(placed, wanted).items():
        zones[placed.resources[address].zone] = zone  # type: ignore[attr-defined]
    return zones
