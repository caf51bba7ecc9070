"""What a site offers: zones, machine types as large as its machines, and the images in its pool."""

from collections.abc import Iterator, Mapping, Sequence

from portinfra.errors import InvalidRequest
from portinfra.model.catalogue import Catalogue, MachineType, Zone
from portinfra.model.environment import Environment
from portinfra.provider.interface import Answer, Call
from portinfra_libvirt import pool_images
from portinfra_libvirt.published import SIZES, machine, machine_type
from portinfra_libvirt.site import Site

DESCRIBE = Call("Describe")
"""One read of all hypervisors. Of one that is silent, it is taken that it offers what the others do."""

_USUAL = sorted(
    {*SIZES.values()}
    | {machine_type(vcpus, 2**power) for vcpus in (1, 2, 4, 8, 16, 32, 64) for power in range(6, 21)}
)


def assemble(
    environment: Environment, site: Site, account: str, answers: Mapping[Call, Sequence[Answer]]
) -> Catalogue:
    """What the hypervisors told. Raises InvalidRequest where the bridge that they share is not there."""
    told = answers[DESCRIBE][0]
    if site.bridge:
        lacking = [at for at, each in told.items() if site.bridge not in each["interfaces"]]
        if lacking:
            raise InvalidRequest(
                f"there is no bridge {site.bridge} on the hypervisor of {', '.join(lacking)}",
                provider="libvirt",
                fix="Make it on each of them, linked to the others; docs/providers/libvirt.md shows how.",
            )
    some = next(iter(told.values()))
    zones = {zone: told.get(each.name, some) for each in site.hypervisors for zone in each.zones}
    return Catalogue(
        region=environment.region,
        account=account,
        zones=tuple(Zone(zone) for zone in site.zones),
        sizes=SIZES,
        machine_types=_MachineTypes(zones),
        images=images(list(zones.values())),
    )


class _MachineTypes(Mapping[str, MachineType]):
    """Every size that a machine of a zone could hold, were it empty. Listed are the usual ones."""

    def __init__(self, zones: Mapping[str, Answer]) -> None:
        self._zones = zones

    def __getitem__(self, name: str) -> MachineType:
        vcpus, memory = machine(name) or (0, 0)
        fits = frozenset(zone for zone, told in self._zones.items() if vcpus and _fits(vcpus, memory, told))
        if not fits:
            raise KeyError(name)
        return MachineType(name, vcpus, memory / 1024, fits)

    def __iter__(self) -> Iterator[str]:
        return (name for name in _USUAL if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _fits(vcpus: int, memory_mib: int, told: Answer) -> bool:
    """More processors than there are would only wait for each other; twice as many is still of use."""
    return bool(memory_mib <= told["memory_mib"] and vcpus <= 2 * told["processors"])


def images(told: Sequence[Answer]) -> dict[str, str]:
    """Logical image → its newest file, NAME.qcow2 or NAME@VERSION.qcow2, that is the same everywhere.

    The name of a file stands for that file: it pins a version.
    """
    same, _ = pool_images.everywhere(each["images"] for each in told)
    newest = {file.removesuffix(pool_images.ENDING).partition("@")[0]: file for file in same}
    return {**newest, **{file: file for file in same}}
