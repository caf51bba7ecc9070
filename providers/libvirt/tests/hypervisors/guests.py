"""Guests that take commands: each through a virtio port of its own, whatever its walls."""

from pathlib import Path

import libvirt
from attrs import field, frozen

from hypervisors.guest import PORT, ask
from hypervisors.hypervisor import Hypervisor
from portinfra_libvirt import domains

BOOT_SECONDS = 120.0


@frozen
class Guest:
    """One of them, by the name of its host."""

    name: str
    hypervisor: Hypervisor
    domain: str
    address: str
    socket: Path = field(init=False)

    @socket.default
    def _socket(self) -> Path:
        return self.hypervisor.directory / "run" / f"{self.name}.sock"

    def plug_in(self) -> None:
        """Give it the port, which it serves as soon as it has booted."""
        inside = Path("/run/libvirt") / self.socket.name
        channel = (
            f"<channel type='unix'><source mode='bind' path='{inside}'/>"
            f"<target type='virtio' name='{PORT}'/></channel>"
        )
        connection = libvirt.open(self.hypervisor.uri)
        connection.lookupByName(self.domain).attachDeviceFlags(channel, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        connection.close()

    def ask(self, command: str, timeout: float = BOOT_SECONDS) -> tuple[int, str]:
        """Exit status and output of a shell command."""
        return ask(self.socket, command, timeout)

    def told(self, command: str) -> str:
        """The output of a command that ends well."""
        status, output = self.ask(command)
        assert status == 0, f"{self.name}: {command}: {status} {output}"
        return output

    def tap(self) -> str:
        """Its network card, as its hypervisor has it."""
        lines = self.hypervisor.virsh("domiflist", self.domain).split()
        return next(word for word in lines if word.startswith("vnet"))


def guests(zones: dict[str, Hypervisor]) -> dict[str, Guest]:
    """Every guest that runs, by the name of its host."""
    found = {}
    for hypervisor in zones.values():
        connection = libvirt.open(hypervisor.uri)
        for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
            text = domain.XMLDesc()
            record = domains.record(text, text)
            name = domain.name().split("-")[-2]
            found[name] = Guest(name, hypervisor, domain.name(), record["cards"][0]["address"])
        connection.close()
    return dict(sorted(found.items()))
