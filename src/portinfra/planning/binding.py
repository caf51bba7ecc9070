"""Zone ordinals, logical sizes and logical images become the provider's own names.

Once resources exist, theirs win: a zone keeps its name, a running host keeps its image.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from attrs import evolve, frozen

from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import Instance, Spec, Subnet, Volume
from portinfra.planning.offers import size_subject


@frozen
class Bound:
    """What is wanted, in the provider's own names, and what could not be bound."""

    wanted: Mapping[Address, Spec]
    findings: tuple[Finding, ...] = ()


def bind(placed: Placed, catalogue: Catalogue, observation: Observation, options: PlanOptions) -> Bound:
    """Every placed resource with its names bound. Findings name what the location does not offer."""
    findings = [*_unknown_types(placed, catalogue), *_unknown_images(placed, catalogue)]
    zones, zone_findings = _zones(placed, catalogue, observation, options.without_zones)
    findings += zone_findings
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
    if isinstance(seen, Instance) and seen.image == want.image and seen.image_id and not refresh:
        return seen.image_id
    return catalogue.images.get(want.image, want.image)


def _sizes(placed: Placed) -> dict[str, Address]:
    """Every size that is asked for, with one host that asks."""
    sizes: dict[str, Address] = {}
    for address, spec in placed.resources.items():
        if isinstance(spec, Instance):
            sizes.setdefault(spec.machine_type, address)
    return sizes


def _unknown_types(placed: Placed, catalogue: Catalogue) -> Iterable[Finding]:
    offered = [*catalogue.sizes, *catalogue.machine_types]
    for size, address in _sizes(placed).items():
        if catalogue.machine_type(size) not in catalogue.machine_types:
            yield Finding(
                "catalogue/unknown-size",
                f"{catalogue.region} offers no machine type {size!r}",
                _nearest(size, offered),
                subject=size_subject(placed, address),
                location=placed.location(address),
            )


def _unknown_images(placed: Placed, catalogue: Catalogue) -> Iterable[Finding]:
    asked: dict[str, Address] = {}
    for address, spec in placed.resources.items():
        if isinstance(spec, Instance):
            asked.setdefault(spec.image, address)
    for image, address in asked.items():
        if image not in catalogue.images and image not in catalogue.images.values():
            yield Finding(
                "catalogue/unknown-image",
                f"{catalogue.region} has no image {image!r}",
                _nearest(image, list(catalogue.images))
                if catalogue.images
                else f"It has none yet: portinfra image build --on {placed.environment.on}, or image fetch.",
                subject=_image_subject(placed, address),
                location=placed.location(address),
            )


def _image_subject(placed: Placed, address: Address) -> str:
    role = placed.roles.get(address)
    return f"role.{role}.image" if role else f"{address}.image"


def _nearest(word: str, offered: list[str]) -> str:
    near = get_close_matches(word, offered, n=3, cutoff=0.4) or offered[:4]
    return f"Nearest: {', '.join(near)}."


def _zones(
    placed: Placed, catalogue: Catalogue, observation: Observation, without: frozenset[str]
) -> tuple[dict[int | str, str], list[Finding]]:
    """Zone ordinal → zone name."""
    bound = _zones_in_use(placed, observation)
    if declared := placed.environment.zones:
        return {**dict(enumerate(declared)), **bound}, list(_unknown_zones(placed, catalogue))
    names = [zone.name for zone in catalogue.zones]
    types = {catalogue.machine_type(size) for size in _sizes(placed)} & catalogue.machine_types.keys()
    fit = _zones_with(types, catalogue)
    taken = set(bound.values())
    silent = [zone for zone in names if zone in observation.unknown | without and zone not in taken]
    unbound = [ordinal for ordinal in range(placed.zones) if ordinal not in bound]
    if silent and unbound and observation.resources:
        # What is there and does not answer may be what they stand for: nothing is made in its stead.
        if len(unbound) > len(silent):
            return {**dict(enumerate(fit)), **bound}, [_untold(placed, silent)]
        fit = silent
    bound |= zip(unbound, (zone for zone in fit if zone not in taken), strict=False)
    return bound, [_too_few(placed, catalogue, len(fit), types)] if len(bound) < placed.zones else []


def _zones_with(types: Iterable[str], catalogue: Catalogue) -> list[str]:
    """Return the zones that offer all of these machine types."""
    offers = [catalogue.machine_types[name].zones for name in types]
    return [zone.name for zone in catalogue.zones if all(zone.name in offer for offer in offers)]


def _unknown_zones(placed: Placed, catalogue: Catalogue) -> Iterable[Finding]:
    names = [zone.name for zone in catalogue.zones]
    for zone in placed.environment.zones:
        if zone not in names:
            yield Finding(
                "catalogue/unknown-zone",
                f"{catalogue.region} has no zone {zone!r}",
                f"It has {', '.join(names)}.",
                subject=f"environment.{placed.environment.name}.zones",
                location=placed.environment.location,
            )


def _too_few(placed: Placed, catalogue: Catalogue, fit: int, types: Iterable[str]) -> Finding:
    return Finding(
        "catalogue/too-few-zones",
        f"only {fit} zones of {catalogue.region} offer {', '.join(sorted(types))}",
        "Choose other sizes, another location, or name the zones: zones=[…].",
        subject=f"environment.{placed.environment.name}.zones",
        location=placed.environment.location,
    )


def _untold(placed: Placed, silent: list[str]) -> Finding:
    return Finding(
        "plan/untold-zone",
        f"{', '.join(silent)} does not answer or is left out, and what is seen does not tell which of the "
        "environment's zones that is",
        "Wait for it, or name the environment's zones in their order: zones=[…].",
        subject=f"environment.{placed.environment.name}.zones",
        location=placed.environment.location,
    )


def _zones_in_use(placed: Placed, observation: Observation) -> dict[int | str, str]:
    """What resources that exist already say: the zone each ordinal stands for."""
    bound: dict[int | str, str] = {}
    for address, spec in placed.resources.items():
        ordinal = getattr(spec, "zone", None)
        if isinstance(ordinal, int) and ordinal not in bound and address in observation.resources:
            zone = getattr(observation.resources[address].spec, "zone", None)
            if isinstance(zone, str) and zone and zone not in bound.values():
                bound[ordinal] = zone
    return bound
