"""Checks whether the location offers what a plan creates, before the apply deletes anything.

A provider may withdraw what it publishes (images, machine types, zones) at any time. That stops only the
creation and the replacement of resources. Existing hosts continue to run and may change in place.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from portinfra.command_text import command
from portinfra.format import suggestion
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change
from portinfra.model.finding import Finding
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.planning.changes import Drivers
from portinfra.value import frozen

BIRTHS = ("create", "replace")
"""The actions that create a resource."""

NAMES_SHOWN = 6
"""How many hosts a message names; it counts the others."""


def offer_findings(
    decided: Iterable[Change], placed: Placed, catalogue: Catalogue, drivers: Drivers
) -> Iterator[Finding]:
    """Return a finding for each zone, image and machine type that a plan needs and the location lacks."""
    needs = _Needs(placed, catalogue)
    decided = list(decided)
    yield from needs.zones([change for change in decided if change.action in BIRTHS], drivers)
    yield from needs.machine_types([change for change in decided if _needs_machine_type(change)])
    yield from needs.images([change for change in decided if change.action in BIRTHS])


def _needs_machine_type(change: Change) -> bool:
    """Return whether a host is created, or changes its machine type in place."""
    resized = any(each.field == "machine_type" for each in change.differences)
    return change.action in BIRTHS or (change.action == "update" and resized)


@frozen
class _Needs:
    """What a plan needs of one location."""

    placed: Placed
    catalogue: Catalogue

    def zones(self, births: Iterable[Change], drivers: Drivers) -> Iterator[Finding]:
        """Yield a finding for each zone that the location lacks.

        A subnet of Compute Engine is in no zone. It still needs a zone that the environment names.
        """
        environment = self.placed.environment
        known = [zone.name for zone in self.catalogue.zones]
        of_roles: dict[object, list[Address]] = {}
        for change in births:
            zone = getattr(change.after, "zone", None)
            if change.after is None or zone is None or zone in known:
                continue
            if "zone" in drivers[type(change.after)].cannot_show and zone not in environment.zones:
                continue
            if change.address in self.placed.roles:
                of_roles.setdefault(zone, []).append(change.address)
            else:
                yield Finding(
                    "catalogue/unknown-zone",
                    f"{self.catalogue.region} has no zone {zone!r}",
                    suggestion(str(zone), known, f"{self.catalogue.region} has no zones."),
                    subject=f"{change.address}.zone",
                    location=self.placed.location(change.address),
                )
        for zone, addresses in of_roles.items():
            if isinstance(zone, str):  # an ordinal without a zone has a finding of its own
                yield Finding(
                    "catalogue/unknown-zone",
                    f"{self.catalogue.region} has no zone {zone!r}{self._users_of(addresses)}",
                    f"It has {', '.join(known)}.",
                    subject=f"environment.{environment.name}.zones",
                    location=environment.location,
                )

    def machine_types(self, changes: Iterable[Change]) -> Iterator[Finding]:
        """Yield a finding for each machine type that the location, or the zone of a host, lacks."""
        unknown: dict[str, list[Address]] = {}
        elsewhere: dict[tuple[str, str, str], list[Address]] = {}
        zones = {zone.name for zone in self.catalogue.zones}
        for change in changes:
            host = change.after
            if not isinstance(host, Instance):
                continue
            subject = size_subject(self.placed, change.address)
            machine = self.catalogue.machine_types.get(host.machine_type)
            if machine is None:
                unknown.setdefault(self._size(host), []).append(change.address)
            elif host.zone in zones and host.zone not in machine.zones:
                key = (host.machine_type, str(host.zone), subject)
                elsewhere.setdefault(key, []).append(change.address)
        offered = [*self.catalogue.sizes, *self.catalogue.machine_types]
        for size, addresses in unknown.items():
            subject = size_subject(self.placed, addresses[0])
            yield self._missing("size", f"machine type {size!r}", nearest(size, offered), subject, addresses)
        for (machine_type, zone, subject), addresses in elsewhere.items():
            others = ", ".join(sorted(self.catalogue.machine_types[machine_type].zones))
            yield Finding(
                "catalogue/not-in-zone",
                f"{zone} offers no {machine_type}{self._users_of(addresses)}",
                f"{others} do: name these zones, or choose another size.",
                subject=subject,
                location=self.placed.location(addresses[0]),
            )

    def images(self, births: Iterable[Change]) -> Iterator[Finding]:
        """Yield a finding for each image that the location lacks."""
        missing: dict[str, list[Address]] = {}
        known, on = {*self.catalogue.images, *self.catalogue.images.values()}, self.placed.environment.on
        for change in births:
            if isinstance(change.after, Instance) and change.after.image not in known:
                missing.setdefault(change.after.image, []).append(change.address)
        for image, addresses in missing.items():
            subject = _image_subject(self.placed, addresses[0])
            fix = (
                nearest(image, list(self.catalogue.images))
                if self.catalogue.images
                else f"It has none yet. Make one: {command('image', 'build', '--on', on)}."
            )
            yield self._missing("image", f"image {image!r}", fix, subject, addresses)

    def _size(self, host: Instance) -> str:
        """Return the size as it is declared."""
        placed = self.placed.resources.get(host.address)
        return placed.machine_type if isinstance(placed, Instance) else host.machine_type

    def _missing(self, what: str, named: str, fix: str, subject: str, addresses: list[Address]) -> Finding:
        return Finding(
            f"catalogue/unknown-{what}",
            f"{self.catalogue.region} has no {named}{self._users_of(addresses)}",
            fix,
            subject=subject,
            location=self.placed.location(addresses[0]),
        )

    def _users_of(self, addresses: list[Address]) -> str:
        """Return which resources of a role need it: hosts if there are any."""
        of_roles = [address for address in addresses if address in self.placed.roles]
        hosts = [address.name for address in of_roles if address.kind == Instance.kind]
        names = hosts or [str(address) for address in of_roles]
        if not names:
            return ""
        shown = ", ".join(names[:NAMES_SHOWN])
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        verb = "needs" if len(names) == 1 else "need"
        return f", and {shown}{more} {verb} it"


def nearest(word: str, offered: list[str]) -> str:
    """Return advice with the known names that are nearest to a name."""
    near = get_close_matches(word, offered, n=3, cutoff=0.4) or offered[:4]
    return f"Nearest: {', '.join(near)}."


def size_subject(placed: Placed, address: Address) -> str:
    """Return the attribute that sets a host's size: of its role, or of a host without a role."""
    role = placed.roles.get(address)
    return f"role.{role}.size" if role else f"{address}.machine_type"


def _image_subject(placed: Placed, address: Address) -> str:
    role = placed.roles.get(address)
    return f"role.{role}.image" if role else f"{address}.image"
