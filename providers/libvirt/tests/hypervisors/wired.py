"""Guests that cost nothing: QEMU halts the processor of each, and a namespace of this machine sends and
receives its packets. They pass the guest's own tap, and so its filters, its bridge and its hypervisor.
"""

import io
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pycdlib
from attrs import field, frozen

from hypervisors.guest import BUSYBOX, alone
from hypervisors.guests import BOOT_SECONDS, Guest
from portinfra_libvirt.domains import SEED_TARGET

SOURCES = Path(__file__).parent
LIBRARY = "/var/lib/libvirt"
COMMAND_SECONDS = "60"

_INIT = """\
mount --make-rprivate /
mount -t tmpfs tmpfs /run
hostname {name}
ip link set lo up
echo ready
while :; do sleep 3600 & wait; done
"""


@frozen
class Wired(Guest):
    """One of them. It configures its card as its seed says."""

    programs: Path
    _running: list[subprocess.Popen[str]] = field(factory=list)

    def plug_in(self) -> None:
        """Begin as a guest does that boots: with no process, and its card as the seed says."""
        self.end()
        own = ("unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
        self._start(*own, "sh", "-c", _INIT.format(name=self.name))
        description = ElementTree.fromstring(self.hypervisor.virsh("dumpxml", self.domain))
        mac = description.find("devices/interface/mac").attrib["address"]  # type: ignore[union-attr]
        process = (self.hypervisor.directory / f"run/qemu/{self.domain}.pid").read_text()
        self._start(
            *("nsenter", "--target", str(self.hypervisor.process), "--pid", "--"),
            *("nsenter", f"--net=/proc/{self._process}/ns/net", "--"),
            *(str(self.programs / "wire"), process, self.tap(), mac),
        )
        self.told("ip link set eth0 up")
        card = self._card(description)
        for address in card["addresses"]:
            self.told(f"ip address add {address} broadcast + dev eth0")
        for route in card.get("routes", ()):
            self.told(f"ip route add {route['to']} via {route['via']} dev eth0")

    def end(self) -> None:
        """End its processes, and take its card."""
        while self._running:
            process = self._running.pop()
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ask(self, command: str, timeout: float = BOOT_SECONDS) -> tuple[int, str]:
        """Exit status and output of a shell command. What it leaves in the background goes on."""
        inside = ("nsenter", "--target", self._process, "--net", "--mount", "--uts", "--pid", "--")
        words = ("timeout", "-k", "1", COMMAND_SECONDS, "sh", "-c", command)
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*inside, "env", f"PATH={self.programs}", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
            output.seek(0)
            return done.returncode, output.read()

    @property
    def _process(self) -> str:
        """The first process of its namespaces, in this machine's numbers."""
        first = self._running[0].pid
        return Path(f"/proc/{first}/task/{first}/children").read_text().split()[0]

    def _card(self, description: ElementTree.Element) -> dict[str, Any]:
        """What its seed says of its network card."""
        disk = description.find(f"devices/disk/target[@dev='{SEED_TARGET}']/../source")
        assert disk is not None
        seed, text = pycdlib.PyCdlib(), io.BytesIO()
        seed.open(str(self.hypervisor.directory / "lib" / Path(disk.attrib["file"]).relative_to(LIBRARY)))
        seed.get_file_from_iso_fp(text, joliet_path="/network-config")
        seed.close()
        card: dict[str, Any]
        (card,) = json.loads(text.getvalue())["ethernets"].values()
        return card

    def _start(self, *command: str) -> None:
        """Start a program that says when it is ready. However these tests end, it ends, too."""
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", f"{self.name}: {' '.join(command)}"


@contextmanager
def wired(found: Mapping[str, Guest], shared: Path) -> Iterator[dict[str, Guest]]:
    """The same guests, with a namespace in place of each processor, while it lasts."""
    programs = _programs(shared)
    there = {
        name: Wired(each.name, each.hypervisor, each.domain, each.address, programs)
        for name, each in found.items()
    }
    try:
        yield dict(there)
    finally:
        for guest in there.values():
            guest.end()


def _programs(shared: Path) -> Path:
    """The folder with the programs of such a guest: those of a guest that boots, and the card itself."""
    place = shared / "wired"
    with alone(shared):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=shared) as name:
                made = Path(name) / "wired"
                made.mkdir()
                listed = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True)
                for applet in listed.stdout.split():
                    (made / applet).symlink_to(BUSYBOX)
                for source in (SOURCES / "wire.c", SOURCES / "guest/bin/packets.c"):
                    subprocess.run(["cc", "-O2", "-o", made / source.stem, source], check=True)
                made.rename(place)
    return place
