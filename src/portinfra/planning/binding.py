"""Zone ordinals, logical sizes and logical images become the provider's own names.

Once resources exist, their names count: a zone keeps its name, and a running host keeps its image.
"""

from collections.abc import Iterable, Mapping

from attrs import evolve

from portinfra.format import silent_line
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import Instance, Spec, Subnet, Volume
from portinfra.value import frozen

UNCLEAR_ZONES = "plan/untold-zone"
"""The rule of the finding that which of the environment's zones are silent is not known."""


@frozen
class Bound:
    """The wanted resources, with the provider's own names, and what could not be bound."""

    wanted: Mapping[Address, Spec]
    findings: tuple[Finding, ...] = ()


def bind(placed: Placed, catalogue: Catalogue, observation: Observation, options: PlanOptions) -> Bound:
    """Return every placed resource with its names bound, and what could not be bound.

    Whether the location offers them is checked for what the plan creates (`offers.py`).
    """
    zones, findings = _zones(placed, catalogue, observation, options.without_zones)
    wanted: dict[Address, Spec] = {}
    for address, spec in placed.resources.items():
        if isinstance(spec, Instance):
            seen = observation.resources.get(address)
            wanted[address] = evolve(
                spec,
                zone=zones.get(spec.zone, spec.zone),
                machine_type=catalogue.machine_type(spec.machine_type),
                image_id=_image_id(spec, seen.spec if seen else None, catalogue, options.refresh_images),
            )
        elif isinstance(spec, Subnet | Volume):
            wanted[address] = evolve(spec, zone=zones.get(spec.zone, spec.zone))
        else:
            wanted[address] = spec
    return Bound(wanted, tuple(dict.fromkeys(findings)))


def _image_id(want: Instance, seen: Spec | None, catalogue: Catalogue, refresh: bool) -> str:
    """Return the image version of the existing host. With `refresh`, return the newest, unless the image is
    withdrawn.
    """
    newest = catalogue.images.get(want.image)
    if isinstance(seen, Instance) and seen.image == want.image and seen.image_id:
        return newest if refresh and newest else seen.image_id
    return newest or want.image


def start_from_newest(decided: Mapping[Address, Change], catalogue: Catalogue) -> dict[Address, Change]:
    """Return the changes with the newest image for every host that is replaced.

    The version that the old host had may be withdrawn. A host that an interrupted run has deleted is also
    created from the newest image.
    """
    changed = dict(decided)
    for address, change in decided.items():
        host = change.after
        if change.action == "replace" and isinstance(host, Instance):
            newest = catalogue.images.get(host.image, host.image_id)
            changed[address] = evolve(change, after=evolve(host, image_id=newest))
    return changed


def _sizes(placed: Placed) -> dict[str, Address]:
    """Return every wanted size, with one host that has it."""
    sizes: dict[str, Address] = {}
    for address, spec in placed.resources.items():
        if isinstance(spec, Instance):
            sizes.setdefault(spec.machine_type, address)
    return sizes


def _zones(
    placed: Placed, catalogue: Catalogue, observation: Observation, without: frozenset[str]
) -> tuple[dict[int | str, str], list[Finding]]:
    """Return zone ordinal → zone name."""
    bound = _zones_in_use(placed, observation)
    if declared := placed.environment.zones:
        return {**dict(enumerate(declared)), **bound}, []
    names = [zone.name for zone in catalogue.zones]
    types = {catalogue.machine_type(size) for size in _sizes(placed)} & catalogue.machine_types.keys()
    fit = _zones_with(types, catalogue)
    taken = set(bound.values())
    silent = [zone for zone in names if zone in observation.unknown | without and zone not in taken]
    unbound = [ordinal for ordinal in range(placed.zones) if ordinal not in bound]
    if silent and unbound and observation.resources:
        # A zone that does not answer may be the one of an ordinal: portinfra selects no other zone in its
        # place.
        if len(unbound) > len(silent):
            return {**dict(enumerate(fit)), **bound}, [_unclear_zones(placed, silent)]
        fit = silent
    bound |= zip(unbound, (zone for zone in fit if zone not in taken), strict=False)
    lacking = _new_ordinals(placed, observation) - bound.keys()
    return bound, [_too_few(placed, catalogue, len(fit), types)] if lacking else []


def _new_ordinals(placed: Placed, observation: Observation) -> set[int | str]:
    """Return the zone ordinals in which something does not exist yet."""
    new = (spec for address, spec in placed.resources.items() if address not in observation.resources)
    zones = {getattr(spec, "zone", None) for spec in new}
    return {zone for zone in zones if isinstance(zone, int) and zone < placed.zones}


def _zones_with(types: Iterable[str], catalogue: Catalogue) -> list[str]:
    """Return the zones that offer all of these machine types."""
    offers = [catalogue.machine_types[name].zones for name in types]
    return [zone.name for zone in catalogue.zones if all(zone.name in offer for offer in offers)]


def _too_few(placed: Placed, catalogue: Catalogue, fit: int, types: Iterable[str]) -> Finding:
    return Finding(
        "catalogue/too-few-zones",
        f"only {fit} zones of {catalogue.region} offer {', '.join(sorted(types))}",
        f"Choose other sizes, another location, or name the zones: {_zones_line(placed)}.",
        subject=f"environment.{placed.environment.name}.zones",
        location=placed.environment.location,
    )


def _unclear_zones(placed: Placed, silent: list[str]) -> Finding:
    them, they_are = ("it", "it is") if len(silent) == 1 else ("them", "they are")
    return Finding(
        UNCLEAR_ZONES,
        f"{silent_line(silent)}, or --without-zone excludes {them}. What is seen does not say which of the "
        f"environment's zones {they_are}",
        f"Wait for {them}, or name the environment's zones in their order: {_zones_line(placed)}.",
        subject=f"environment.{placed.environment.name}.zones",
        location=placed.environment.location,
    )


def _zones_line(placed: Placed) -> str:
    return placed.environment.location.write("zones", "[…]")


def _zones_in_use(placed: Placed, observation: Observation) -> dict[int | str, str]:
    """Return zone ordinal → zone name, as existing resources have it."""
    bound: dict[int | str, str] = {}
    for address, spec in placed.resources.items():
        ordinal = getattr(spec, "zone", None)
        if isinstance(ordinal, int) and ordinal not in bound and address in observation.resources:
            zone = getattr(observation.resources[address].spec, "zone", None)
            if isinstance(zone, str) and zone and zone not in bound.values():
                bound[ordinal] = zone
    return bound
