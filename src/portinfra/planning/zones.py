"""Declared zones that the location does not have, or where the hosts are not.

The zones of existing resources count (`binding.py`), and a kept volume keeps its host in place
(`retention.py`). So the declared zones may differ from those of hosts, and must not be taken for existing
ones.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from portinfra.misplaced_hosts import (
    describe_held,
    describe_other_zones,
    describe_unknown_zones,
    find_elsewhere,
)
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Spec
from portinfra.planning.offers import BIRTHS

RULE = "plan/other-zones"

HELD_RULE = "plan/held-hosts"

UNKNOWN_RULE = "catalogue/unknown-zone"


def zone_findings(
    placed: Placed,
    after: Mapping[Address, Spec],
    observation: Observation,
    catalogue: Catalogue,
    decided: Collection[Change] = (),
) -> Iterator[Finding]:
    """Yield a finding for declared zones that do not exist, and warnings for hosts in other zones.

    Hosts are in other zones if those have other names, or if kept volumes keep the hosts there. `after` has
    what will exist. A zone that new resources need has an error already. A zone that the location no longer
    offers, and in which resources exist, is a warning.
    """
    needed = {getattr(each.after, "zone", None) for each in decided if each.action in BIRTHS}
    kept = {each.address for each in decided if each.action == "keep"}
    environment = placed.environment
    subject = f"environment.{environment.name}.zones"
    offered = [zone.name for zone in catalogue.zones]
    silent = observation.unknown
    unknown = [
        zone
        for zone in environment.zones
        if zone not in offered and zone not in silent and zone not in needed
    ]
    existing = {address: seen.spec for address, seen in observation.resources.items()}
    location = environment.location
    found = find_elsewhere(placed, after)
    if unknown:
        withdrawn = {getattr(spec, "zone", None) for spec in existing.values()}
        misplaced = [each for each in found if each.declared_zone in unknown]
        message, fix = describe_unknown_zones(placed, catalogue, unknown, misplaced, existing)
        severity = Severity.WARNING if withdrawn.issuperset(unknown) else Severity.ERROR
        yield Finding(UNKNOWN_RULE, message, fix, severity, subject, location)
    if others := [each for each in found if not each.volumes and each.declared_zone not in unknown]:
        message, fix = describe_other_zones(placed, others, existing)
        yield Finding(RULE, message, fix, Severity.WARNING, subject, location)
    if held := [each for each in found if any(volume in kept for volume in each.volumes)]:
        message, fix = describe_held(placed, held, existing)
        yield Finding(HELD_RULE, message, fix, Severity.WARNING, subject, location)


def resources_after(
    wanted: Mapping[Address, Spec], observation: Observation, changes: Iterable[Change]
) -> dict[Address, Spec]:
    """Return what exists once a plan is applied: changed resources as they are wanted, all others as they
    are.
    """
    becomes = {each.address: each.after for each in changes if each.action in ("create", "replace", "update")}
    seen = {address: each.spec for address, each in observation.resources.items()}
    return {**wanted, **seen, **{address: spec for address, spec in becomes.items() if spec is not None}}
