"""A site: which hypervisors there are, and how guests on them are reached."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

if TYPE_CHECKING:
    from portinfra_libvirt.keys import KeySource

Forward = Literal["route", "nat", "none"]

DIRECTORY = "/var/lib/libvirt/portinfra"
IMAGES = "portinfra-images"
ZONES = ("a", "b", "c")


@frozen
class Hypervisor:
    """One libvirt daemon."""

    name: str
    """Its only zone's; on a site of one hypervisor, the site's."""
    uri: str
    zones: tuple[str, ...]


@frozen
class Site:
    """A region of one's own: one hypervisor a zone, or one hypervisor with zones in name only."""

    name: str
    hypervisors: tuple[Hypervisor, ...]
    account: str = ""
    """Environments never share one (R1); empty: the name of the first hypervisor's machine."""
    bridge: str = ""
    """The bridge, of this name on each hypervisor, that guests of all of them share. Empty: each environment
    gets a bridge of its own, which only works on one hypervisor.
    """
    forward: Forward = "route"
    """What the environment's own bridge does with what is not for it."""
    public: tuple[str, ...] = ()
    """Addresses of the hypervisor's, one for each public host: with `nat`, the way in."""
    directory: str = DIRECTORY
    """Below it lie the disks of each environment, on each hypervisor."""
    images: str = IMAGES
    """The storage pool of the images, on each hypervisor."""
    virt_type: str = "auto"
    """`kvm`, `qemu`, or `auto`: KVM where a guest really runs with it."""
    shutdown_seconds: float = 60.0
    """How long a guest that is to stop is given before its power is cut."""
    keys: Mapping[str, "KeySource"] = field(factory=dict)

    @property
    def zones(self) -> tuple[str, ...]:
        """Every zone, in order."""
        return tuple(zone for each in self.hypervisors for zone in each.zones)

    @property
    def mode(self) -> Forward:
        """What libvirt itself does to forward. With a way in, the translation is the hook's: libvirt's own
        turns away whoever it has not let out.
        """
        return "route" if self.public else self.forward

    @property
    def alone(self) -> bool:
        """Whether there is one hypervisor, so that its silence leaves nothing to be known."""
        return len(self.hypervisors) == 1

    def at(self, zone: str) -> Hypervisor:
        """The hypervisor of a zone."""
        return next(each for each in self.hypervisors if zone in each.zones)
