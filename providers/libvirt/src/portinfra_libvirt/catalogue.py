"""What a site offers: zones, machine types up to the size of its machines, and the images in its pool."""

from collections.abc import Iterator, Mapping, Sequence

from portinfra.errors import InvalidRequest
from portinfra.model.catalogue import Catalogue, MachineType, Zone
from portinfra.model.environment import Environment
from portinfra.provider.interface import Answer, Call
from portinfra_libvirt import pool_images
from portinfra_libvirt.published import SIZES, machine, machine_type
from portinfra_libvirt.site import Site

DESCRIBE = Call("Describe")
"""One read of all hypervisors. A hypervisor that does not answer counts as equal to the others."""

_USUAL = sorted(
    {*SIZES.values()}
    | {machine_type(vcpus, 2**power) for vcpus in (1, 2, 4, 8, 16, 32, 64) for power in range(6, 21)}
)


def assemble(
    environment: Environment, site: Site, account: str, answers: Mapping[Call, Sequence[Answer]]
) -> Catalogue:
    """Return the catalogue. Raises InvalidRequest if a hypervisor lacks the shared bridge."""
    machines = answers[DESCRIBE][0]
    if site.bridge:
        lacking = [at for at, each in machines.items() if site.bridge not in each["interfaces"]]
        if lacking:
            raise InvalidRequest(
                f"the hypervisor of {', '.join(lacking)} has no bridge {site.bridge}",
                provider="libvirt",
                fix="Create it on each hypervisor and link it to the others: docs/providers/libvirt.md "
                "shows how.",
            )
    some = next(iter(machines.values()))
    zones = {zone: machines.get(each.name, some) for each in site.hypervisors for zone in each.zones}
    return Catalogue(
        region=environment.region,
        account=account,
        zones=tuple(Zone(zone) for zone in site.zones),
        sizes=SIZES,
        machine_types=_MachineTypes(zones),
        images=images(list(zones.values())),
    )


class _MachineTypes(Mapping[str, MachineType]):
    """Every size that an empty machine of a zone can hold. Iteration lists the usual ones."""

    def __init__(self, zones: Mapping[str, Answer]) -> None:
        self._zones = zones

    def __getitem__(self, name: str) -> MachineType:
        vcpus, memory = machine(name) or (0, 0)
        fits = frozenset(zone for zone, host in self._zones.items() if vcpus and _fits(vcpus, memory, host))
        if not fits:
            raise KeyError(name)
        return MachineType(name, vcpus, memory / 1024, fits)

    def __iter__(self) -> Iterator[str]:
        return (name for name in _USUAL if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _fits(vcpus: int, memory_mib: int, host: Answer) -> bool:
    """Return whether a host can hold a machine type. More than twice its processors are of no use."""
    return bool(memory_mib <= host["memory_mib"] and vcpus <= 2 * host["processors"])


def images(machines: Sequence[Answer]) -> dict[str, str]:
    """Return logical image → its newest file, NAME.qcow2 or NAME@VERSION.qcow2, that every hypervisor has.

    The name of a file is also an image, which pins a version.
    """
    same, _ = pool_images.everywhere(each["images"] for each in machines)
    newest = {file.removesuffix(pool_images.ENDING).partition("@")[0]: file for file in same}
    return {**newest, **{file: file for file in same}}
