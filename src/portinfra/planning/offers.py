"""Whether the location offers what a plan makes: found before anything is deleted to make room for it."""

from collections.abc import Iterable, Iterator

from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change
from portinfra.model.finding import Finding
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance, Spec
from portinfra.planning.changes import Drivers
from portinfra.words import suggestion


def offer_findings(
    decided: Iterable[Change], placed: Placed, catalogue: Catalogue, drivers: Drivers
) -> Iterator[Finding]:
    """Return a finding for each zone or machine type of what is made that the location does not offer."""
    for change in decided:
        if change.after is not None and change.action in ("create", "replace", "update"):
            yield from _zone_findings(change.after, change, placed, catalogue, drivers)
            if isinstance(change.after, Instance):
                yield from _machine_findings(change.after, change, placed, catalogue)


def _zone_findings(
    want: Spec, change: Change, placed: Placed, catalogue: Catalogue, drivers: Drivers
) -> Iterator[Finding]:
    zone = getattr(want, "zone", None)
    names = [zone.name for zone in catalogue.zones]
    if zone is None or zone in names or "zone" in drivers[type(want)].cannot_show:
        return
    # A topology's zones are those of its environment, which have a finding of their own, or those in use.
    placed_there = change.address in placed.roles or zone == getattr(change.before, "zone", None)
    if placed_there or zone in placed.environment.zones:
        return
    yield Finding(
        "catalogue/unknown-zone",
        f"{catalogue.region} has no zone {zone!r}",
        suggestion(str(zone), names, f"{catalogue.region} has no zones."),
        subject=f"{change.address}.zone",
        location=placed.location(change.address),
    )


def _machine_findings(
    want: Instance, change: Change, placed: Placed, catalogue: Catalogue
) -> Iterator[Finding]:
    """A zone that is known and has no such machines: the same for all hosts of a role."""
    machine = catalogue.machine_types.get(want.machine_type)
    changes = change.action != "update" or any(each.field == "machine_type" for each in change.differences)
    if machine is None or not changes or want.zone in machine.zones:
        return
    if want.zone in {zone.name for zone in catalogue.zones}:
        yield Finding(
            "catalogue/not-in-zone",
            f"{want.zone} offers no {want.machine_type}",
            f"{', '.join(sorted(machine.zones))} do: name these zones, or choose another size.",
            subject=size_subject(placed, change.address),
            location=placed.location(change.address),
        )


def size_subject(placed: Placed, address: Address) -> str:
    """Return the attribute that says a host's size: of its role, or of a host that has none."""
    role = placed.roles.get(address)
    return f"role.{role}.size" if role else f"{address}.machine_type"
