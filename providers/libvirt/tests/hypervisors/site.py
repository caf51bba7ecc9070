"""Sites of real hypervisors: zones `a` and `b`, a bridge over both, images, and a file that names it all."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import libvirt
from attrs import frozen

from hypervisors.guest import boot_options
from hypervisors.hypervisor import Hypervisor, linked

BRIDGE = "site0"
ACCOUNT = "rack-1"
IMAGES = ("debian-12.qcow2", "ubuntu-24.04.qcow2")
IMAGE_POOL = "portinfra-images"


@frozen
class Site:
    """One site, running."""

    name: str
    zones: dict[str, Hypervisor]
    account: str = ACCOUNT

    def hcl(self) -> str:
        """As a file of sites tells it."""
        zones = "\n".join(f'  zone "{zone}" {{ uri = "{each.uri}" }}' for zone, each in self.zones.items())
        return (
            f'site "{self.name}" {{\n  account = "{self.account}"\n  bridge = "{BRIDGE}"\n'
            f'  virt_type = "qemu"\n  shutdown_seconds = 0\n{zones}\n'
            f'  key "payments" {{ command = ["echo", "open sesame"] }}\n}}\n'
        )


@contextmanager
def site(
    name: str,
    directory: Path,
    zones: tuple[str, ...] = ("a", "b"),
    image: Path | None = None,
    account: str = ACCOUNT,
    more_images: Mapping[str, Path] | None = None,
    shared: Path | None = None,
    bare: bool = False,
    boots: Mapping[str, Path | None] | None = None,
) -> Iterator[Site]:
    """A site, while it lasts. Its images are one disk under every name, without one blank; and more images by
    their names. `shared` is a directory that several sites share; `bare` is of its hypervisors. `boots` is
    a pattern for the names of guests → the image whose kernel they boot; None: by the loader of their disk.
    Without it, all boot where there is an image.
    """
    booting = {
        guests: boot_options(kernel) if kernel else []
        for guests, kernel in ({"*": image} if boots is None and image else boots or {}).items()
    }
    with ExitStack() as stack:
        there = {
            zone: stack.enter_context(Hypervisor(directory / zone, shared or directory.parent, bare, booting))
            for zone in zones
        }
        first, *others = there.values()
        first.run("ip", "link", "add", BRIDGE, "type", "bridge")
        first.run("ip", "link", "set", BRIDGE, "up")
        for other in others:
            linked(first, other, BRIDGE)
        for each in there.values():
            _with_images(each, image, more_images or {})
        yield Site(name, there, account)


def _with_images(hypervisor: Hypervisor, image: Path | None, more: Mapping[str, Path]) -> None:
    place = "/var/lib/libvirt/portinfra-images"
    hypervisor.run("mkdir", "-p", place)
    for name in IMAGES:
        if image is None:
            hypervisor.run(
                "qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=1.1", f"{place}/{name}", "64M"
            )
        else:
            hypervisor.run("cp", "--reflink=auto", str(image), f"{place}/{name}")
    for name, file in more.items():
        hypervisor.run("cp", "--reflink=auto", str(file), f"{place}/{name}")
    connection = libvirt.open(hypervisor.uri)
    pool = connection.storagePoolDefineXML(
        f"<pool type='dir'><name>{IMAGE_POOL}</name><target><path>{place}</path></target></pool>"
    )
    pool.create()
    connection.close()
