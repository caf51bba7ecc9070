"""Commands in a Debian guest, by QEMU's guest agent.

https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html
"""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import libvirt
import libvirt_qemu
from attrs import frozen

from hypervisors.hypervisor import Hypervisor


@frozen
class Debian:
    """One guest, by the name of its domain."""

    hypervisor: Hypervisor
    domain: str

    def told(self, command: str, seconds: float = 600) -> str:
        """The output of a shell command that ends well. Waits for a guest that still boots."""
        give_up = time.monotonic() + seconds
        given = {"path": "/bin/sh", "arg": ["-c", command], "capture-output": True}
        pid = self._until(give_up, lambda: self._asked("guest-exec", given)["pid"])
        while not (ended := self._until(give_up, lambda: self._asked("guest-exec-status", {"pid": pid})))[
            "exited"
        ]:
            assert time.monotonic() < give_up, f"{command}: still at work after {seconds:.0f} s"
            time.sleep(1)
        said, complained = (base64.b64decode(ended.get(f"{which}-data", "")) for which in ("out", "err"))
        assert ended["exitcode"] == 0, f"{command}: {said.decode()} {complained.decode()}"
        return said.decode()

    def waited_for(self, command: str, seconds: float = 600) -> None:
        """Return when a shell command ends well."""
        self.told(f"until {command}; do sleep 1; done", seconds)

    def _asked(self, what: str, given: dict[str, Any]) -> dict[str, Any]:
        connection = libvirt.open(self.hypervisor.uri)
        try:
            there = connection.lookupByName(self.domain)
            said = libvirt_qemu.qemuAgentCommand(
                there, json.dumps({"execute": what, "arguments": given}), 30, 0
            )
        finally:
            connection.close()
        found: dict[str, Any] = json.loads(said)["return"]
        return found

    def _until(self, give_up: float, ask: Callable[[], Any]) -> Any:
        while True:
            try:
                return ask()
            except libvirt.libvirtError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(1)
