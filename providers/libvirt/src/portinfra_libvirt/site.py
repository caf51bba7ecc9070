"""A site: its hypervisors, and how other machines reach their guests."""

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
    """The name of its only zone; on a site of one hypervisor, the name of the site."""
    uri: str
    zones: tuple[str, ...]


@frozen
class Site:
    """A region of one's own: one hypervisor for each zone, or one hypervisor with nominal zones."""

    name: str
    hypervisors: tuple[Hypervisor, ...]
    account: str = ""
    """Environments never share one (R1). If it is empty, the host name of the first hypervisor counts."""
    bridge: str = ""
    """The bridge that guests of all hypervisors share. It has this name on each hypervisor.

    If it is empty, each environment gets its own bridge, which works on one hypervisor only.
    """
    forward: Forward = "route"
    """How the environment's own bridge forwards traffic to other networks."""
    public: tuple[str, ...] = ()
    """Addresses of the hypervisor, one for each public host. With `nat`, hosts are reached at them."""
    directory: str = DIRECTORY
    """The directory of all environments' disks, on each hypervisor."""
    images: str = IMAGES
    """The storage pool of the images, on each hypervisor."""
    virt_type: str = "auto"
    """`kvm`, `qemu`, or `auto`: KVM if a test guest runs with it."""
    shutdown_seconds: float = 60.0
    """How long a guest may take to shut down before portinfra cuts its power."""
    keys: Mapping[str, "KeySource"] = field(factory=dict)

    @property
    def zones(self) -> tuple[str, ...]:
        """All zones, in order."""
        return tuple(zone for each in self.hypervisors for zone in each.zones)

    @property
    def mode(self) -> Forward:
        """How libvirt itself forwards. With public addresses the hook does NAT.

        libvirt's own NAT rejects connections from outside.
        """
        return "route" if self.public else self.forward

    @property
    def alone(self) -> bool:
        """Whether the site has one hypervisor only.

        If that one does not answer, nothing of the site is known.
        """
        return len(self.hypervisors) == 1

    def at(self, zone: str) -> Hypervisor:
        """Return the hypervisor of a zone."""
        return next(each for each in self.hypervisors if zone in each.zones)
