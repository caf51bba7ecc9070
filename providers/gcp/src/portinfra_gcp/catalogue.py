"""What a region offers, from five reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from portinfra.model.catalogue import Catalogue, MachineType, Quota, Zone
from portinfra.model.environment import Environment
from portinfra.provider.interface import Answer, Call
from portinfra_gcp import links, pinned
from portinfra_gcp.drivers import reading
from portinfra_gcp.published import FAMILIES, IMAGES, SIZES

Record = Mapping[str, Any]

PROJECT = Call("projects.get", {"fields": "name,quotas"}, rates=("global reads",))
"""The read of the project, with its quotas."""

KINDS: Mapping[str, str] = {
    "INSTANCES": "instance",
    "STATIC_ADDRESSES": "public-address",
    "NETWORKS": "network",
    "SUBNETWORKS": "subnet",
    "SNAPSHOTS": "snapshot",
}
"""Quota → the kind of resource that it counts one by one.

Any other quota keeps its own name, and drivers return how much they take of it.
"""

_OF_ADDRESSES = ("STATIC_ADDRESSES", "IN_USE_ADDRESSES")
"""Quotas that, for a project, count global addresses. portinfra creates none of these."""

_CANNOT_BOOT = ("-metal", "-lssd")
"""Endings of machine types that cannot boot from a balanced disk, or cannot be changed to."""

_TYPES = "machineTypes.aggregatedList"
_IMAGES = "images.list"


def calls(environment: Environment) -> tuple[Call, ...]:
    """Return the reads of the project, the region, its machine types, and the images of each publisher."""
    named_types = sorted({*SIZES.values(), *_named_types(environment)})
    names = "|".join([*(f"({family})-.*" for family in FAMILIES), *named_types])
    types = reading.list_all(
        _TYPES, f'name eq "{names}"'
    )  # the reference does not promise filters with two expressions
    return (
        PROJECT,
        Call("regions.get", {"region": environment.region}, rates=("regional reads",)),
        types,
        *(_images(project) for project in sorted({image.project for image in IMAGES.values()})),
        *(_images_by_name(*each) for each in pinned.names_by_project(environment)),
    )


def assemble(environment: Environment, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
    """Return the catalogue. Zones are in the order of their names, as the region lists them."""
    region = next(pages[0] for call, pages in answers.items() if call.action == "regions.get")
    project = answers[PROJECT][0]
    return Catalogue(
        region=environment.region,
        account=project["name"],
        zones=tuple(Zone(name) for name in sorted(map(links.name, region.get("zones") or ()))),
        sizes=SIZES,
        machine_types=_machine_types(environment.region, reading.records(answers, _TYPES)),
        images={**_newest(answers), **pinned.usable_images(environment, reading.records(answers, _IMAGES))},
        quotas=(*_quotas(project, but=_OF_ADDRESSES, place="the whole project"), *_quotas(region)),
    )


def _named_types(environment: Environment) -> Iterable[str]:
    """Return the machine types that the environment itself names."""
    return (size for size in environment.own_sizes if "-" in size)


def _images(project: str) -> Call:
    families = sorted(image.family for image in IMAGES.values() if image.project == project)
    return reading.list_all(_IMAGES, f'family eq "{"|".join(families)}"', project=project)


def _images_by_name(project: str, names: Sequence[str]) -> Call:
    return reading.list_all(_IMAGES, f'name eq "{"|".join(names)}"', project=project)


def _machine_types(region: str, records: Iterable[Record]) -> dict[str, MachineType]:
    zones: dict[str, set[str]] = {}
    by_name: dict[str, Record] = {}
    for record in records:
        if not links.name(record["zone"]).startswith(f"{region}-") or record["name"].endswith(_CANNOT_BOOT):
            continue
        by_name[record["name"]] = record
        zones.setdefault(record["name"], set()).add(links.name(record["zone"]))
    return {
        name: MachineType(
            name, by_name[name]["guestCpus"], by_name[name]["memoryMb"] / 1024, frozenset(zones[name])
        )
        for name in sorted(by_name)
    }


def _newest(answers: Mapping[Call, Sequence[Answer]]) -> dict[str, str]:
    """Return logical image → the newest image of its family that is not deprecated."""
    newest: dict[str, str] = {}
    records = [record for record in reading.records(answers, _IMAGES) if not _is_deprecated(record)]
    for record in sorted(records, key=_age):
        for name, image in IMAGES.items():
            if record.get("family") == image.family and f"/{image.project}/" in record["selfLink"]:
                newest[name] = f"projects/{image.project}/global/images/{record['name']}"
    return newest


def _age(record: Record) -> tuple[datetime, str]:
    """Return the creation time of an image.

    Compute Engine uses Californian time, with an offset for summer.
    """
    return datetime.fromisoformat(record["creationTimestamp"]), record["name"]


def _is_deprecated(record: Record) -> bool:
    state: str = (record.get("deprecated") or {}).get("state", "ACTIVE")
    return state != "ACTIVE"


def _quotas(source: Record, but: Sequence[str] = (), place: str = "") -> Iterator[Quota]:
    for record in source.get("quotas") or ():
        metric = record["metric"]
        if metric not in but:
            yield Quota(KINDS.get(metric, metric), int(record["limit"]), int(record["usage"]), place)
