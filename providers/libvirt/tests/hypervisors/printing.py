"""A guest that prints on its serial port, though nothing runs in it: QEMU writes to the port."""

import threading
from contextlib import suppress

import libvirt
import libvirt_qemu

SERIAL_PORT = 0x3F8
PAUSE_SECONDS = 0.3


class Printing(threading.Thread):
    """Prints a text again and again, as libvirt keeps none, until it is stopped or the guest is gone."""

    def __init__(self, uri: str, domain: str, text: str) -> None:
        super().__init__(name=f"print on {domain}", daemon=True)
        self._uri, self._domain, self._text = uri, domain, text
        self._stopped = threading.Event()

    def run(self) -> None:
        """Write each byte to the port."""
        connection = libvirt.open(self._uri)
        with suppress(libvirt.libvirtError):
            domain = connection.lookupByName(self._domain)
            while not self._stopped.wait(PAUSE_SECONDS):
                for byte in self._text.encode():
                    command = f"o /b {SERIAL_PORT} {byte}"
                    flags = libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP
                    libvirt_qemu.qemuMonitorCommand(domain, command, flags)
        connection.close()

    def stop(self) -> None:
        """Return when it has ended."""
        self._stopped.set()
        self.join()
