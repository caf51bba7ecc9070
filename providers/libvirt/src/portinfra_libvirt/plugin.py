"""The installed provider. It loads offline, without credentials and without a native library."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from portinfra.command_text import command
from portinfra.errors import Unsupported
from portinfra.model.environment import Environment
from portinfra.model.observed import Observed
from portinfra.model.platform_service import DHCP, PlatformService
from portinfra.model.resources import Instance
from portinfra.provider.abilities import Check, ConsoleReader, Doctor, Images, PlatformServices
from portinfra.provider.interface import Answer, Call
from portinfra_libvirt import sites
from portinfra_libvirt.doctor import examine
from portinfra_libvirt.drivers.guest import GuestParts
from portinfra_libvirt.drivers.reading import CONSOLE
from portinfra_libvirt.keys import source
from portinfra_libvirt.networks import gateway
from portinfra_libvirt.published import CAPABILITIES, IMAGES, SIZES

if TYPE_CHECKING:
    from portinfra_libvirt.images import Image
    from portinfra_libvirt.provider import LibvirtProvider

NAME = "libvirt"


class LibvirtPlugin(PlatformServices, Doctor, Images, ConsoleReader):
    """One's own hardware: `libvirt:SITE`, or `libvirt:qemu:///system`."""

    name = NAME
    capabilities = CAPABILITIES
    sizes: Mapping[str, str] = SIZES
    images: tuple[str, ...] = IMAGES
    native: Mapping[str, str] = {
        "devices": "XML of further devices of the guest, in libvirt's domain format",
    }

    def connect(self, environment: Environment) -> "LibvirtProvider":
        """Return the live site of an environment.

        Raises InvalidRequest for an unknown site, and Unsupported if libvirt's Python binding is missing.
        """
        site = sites.find(environment.region)
        if environment.key is not None:
            source(environment.key, site.keys)  # an unknown key is an error before portinfra creates anything
        try:
            from portinfra_libvirt.provider import LibvirtProvider
        except ImportError as error:
            raise _no_binding(error) from error
        return LibvirtProvider(environment, site)

    def platform_services(self, network: str, subnet: str) -> tuple[PlatformService, ...]:
        """Return the hypervisor's DHCP. libvirt serves no DNS, and a host reads its metadata from a disk."""
        return (PlatformService(gateway(network), "udp", DHCP),)

    def doctor(self, location: str = "") -> list[Check]:
        """Return the checks of this machine for libvirt, with the command that fixes each.

        With a location, return the checks of that site's hypervisors.
        """
        return examine(sites.find(location) if location else None)

    def build_image(
        self, location: str, packages: Iterable[str], name: str, say: Callable[[str], object]
    ) -> str:
        """Build a small Debian image, and upload it to every hypervisor of a site. Return its name.

        `packages` are installed besides the usual ones. Raises Unsupported if a tool is missing, and
        InvalidRequest for an invalid name or an unknown package.
        """
        from portinfra_libvirt.images import build

        return self._place_image(
            location, say, lambda into: build(into, packages=packages, name=name, say=say)
        )

    def fetch_image(
        self, location: str, source: str, sha256: str, name: str, say: Callable[[str], object]
    ) -> str:
        """Fetch an image, verify its digest, and upload it to every hypervisor of a site. Return its name."""
        from portinfra_libvirt.images import fetch

        def make(into: Path) -> "Image":
            fetched = fetch(source, into, sha256=sha256, name=name)
            return evolve(fetched, sha256=sha256.lower())  # other hypervisors compare the publisher's digest

        return self._place_image(location, say, make)

    def console_call(self, host: Observed[Instance]) -> Call:
        """Return the read that listens to a guest's console."""
        parts = GuestParts.of(host)
        return Call(CONSOLE, {"at": parts.at, "domain": parts.name})

    def console_text(self, answer: Answer) -> str:
        """Return what the guest printed during the read."""
        return str(answer["text"])

    def _place_image(
        self, location: str, say: Callable[[str], object], make: "Callable[[Path], Image]"
    ) -> str:
        site = sites.find(location)
        try:
            from libvirt import libvirtError

            from portinfra_libvirt.errors import to_provider_error
            from portinfra_libvirt.images.placing import place, reach
        except ImportError as error:
            raise _no_binding(error) from error
        try:
            reach(site)
            with tempfile.TemporaryDirectory(prefix="portinfra-image-") as scratch:
                image = make(Path(scratch))
                place(image, site, say)
        except libvirtError as error:
            raise to_provider_error(error) from error
        return image.name


def _no_binding(error: ImportError) -> Unsupported:
    return Unsupported(
        f"libvirt's Python binding cannot be imported: {error}",
        provider=NAME,
        fix="Install it: pip install 'portinfra-libvirt[native]'. To check the rest: "
        f"{command('providers', 'libvirt', '--doctor')}.",
    )
