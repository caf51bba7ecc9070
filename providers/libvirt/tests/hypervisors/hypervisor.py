"""A real libvirtd with QEMU, on this machine but by itself: own network, mounts and processes.

Whatever it starts (guests, dnsmasq, taps, bridges, filters) lies in its namespaces, and ends with them.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field

from hypervisors.programs import QEMU, QEMU_IMG, Booting, library, qemu_that_boots, quick_qemu_img

DIRECTORIES = {
    "/etc/libvirt": "etc",
    "/var/lib/libvirt": "lib",
    "/run/libvirt": "run",
    "/var/log/libvirt": "log",
    "/var/cache/libvirt": "cache",
}
"""What a libvirtd takes for its own → where it lies for this one."""

QEMU_CONF = """\
security_driver = "none"
user = "root"
group = "root"
stdio_handler = "file"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
"""

LIBVIRTD_CONF = """\
auth_unix_rw = "none"
auth_unix_ro = "none"
max_clients = 200
max_workers = 40
max_client_requests = 40
"""

START_SECONDS = 60.0

_INIT = """\
set -e
exec 2> {log}/init.log
mount --make-rprivate /
mkdir -p {places}
{binds}
mount -t sysfs sysfs /sys
ip link set lo up
for rule in iptables ip6tables; do
  echo 1 > /proc/sys/net/bridge/bridge-nf-call-$rule
done
echo ready
while :; do sleep 3600 & wait; done
"""


@define
class Hypervisor:
    """One of them; a context manager."""

    directory: Path
    """Where its files lie, the guests' disks among them."""
    shared: Path
    """The directory of what all hypervisors of a test run share: what one has found out about QEMU."""
    bare: bool = False
    """No packet is filtered. For tests of what libvirt says."""
    booting: Booting = field(factory=dict)
    """Which guests boot, and how."""
    _init: subprocess.Popen[str] | None = field(default=None, init=False)
    _daemon: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def uri(self) -> str:
        """How it is reached from outside its namespaces."""
        return f"qemu+unix:///system?socket={self.directory}/run/libvirt-sock"

    @property
    def _libraries(self) -> list[str]:
        """What libvirtd preloads."""
        return ["few_questions", *(["no_filters"] if self.bare else [])]

    @property
    def process(self) -> int:
        """The process, in this machine's numbers, whose namespaces are its own."""
        assert self._init is not None
        children = Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children").read_text().split()
        return int(children[0])

    def __enter__(self) -> "Hypervisor":
        for name in DIRECTORIES.values():
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / "lib/dnsmasq").mkdir(exist_ok=True)
        (self.directory / "etc/qemu.conf").write_text(QEMU_CONF)
        (self.directory / "etc/libvirtd.conf").write_text(LIBVIRTD_CONF)
        known = self.shared / "qemu-capabilities"
        if known.is_dir():
            shutil.copytree(known, self.directory / "cache", dirs_exist_ok=True)
        programs = {
            QEMU_IMG: quick_qemu_img(self.directory),
            QEMU: qemu_that_boots(self.directory, self.booting),
        }
        for name in self._libraries:
            library(name, self.directory)
        directories = {place: self.directory / name for place, name in DIRECTORIES.items()}
        script = _INIT.format(
            log=self.directory / "log",
            places=" ".join(directories),
            binds="\n".join(
                f"mount --bind {source} {place}" for place, source in (directories | programs).items()
            ),
        )
        # However these tests end, what they started does, too.
        unshare = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]
        self._init = subprocess.Popen(
            [*unshare, "bash", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._init.stdout is not None
        if self._init.stdout.readline() != "ready\n":
            raise RuntimeError(f"no namespaces for a hypervisor in {self.directory}")
        self.start()
        if not known.is_dir():
            self.virsh("capabilities")
            put_once(self.directory / "cache", known)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._init is not None
        os.kill(self.process, signal.SIGKILL)  # the first process of its namespace takes all with it
        self._init.wait()
        if self._daemon:
            self._daemon.wait()

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        pid_file = self.directory / "run/libvirtd.pid"
        preloaded = ":".join(f"{self.directory}/{name}.so" for name in self._libraries)
        command = ["libvirtd", "-f", "/etc/libvirt/libvirtd.conf", "-p", "/run/libvirt/libvirtd.pid"]
        command = self.inside("env", f"LD_PRELOAD={preloaded}", *command)
        with (self.directory / "log/libvirtd.log").open("ab") as log:
            self._daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        give_up = time.monotonic() + START_SECONDS
        socket = self.directory / "run/libvirt-sock"
        while not (socket.exists() and pid_file.exists() and self._answers()):
            if self._daemon.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"libvirtd did not start: see {self.directory}/log/libvirtd.log")
            time.sleep(0.1)

    def stop(self, kill: bool = False) -> None:
        """Stop the daemon; guests go on."""
        assert self._daemon is not None
        self.run(
            "kill", "-KILL" if kill else "-TERM", (self.directory / "run/libvirtd.pid").read_text().strip()
        )
        self._daemon.wait()
        (self.directory / "run/libvirt-sock").unlink(missing_ok=True)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """While it lasts, the daemon takes connections and says nothing."""
        assert self._daemon is not None
        pid = (self.directory / "run/libvirtd.pid").read_text().strip()
        self.run("kill", "-STOP", pid)
        try:
            yield
        finally:
            self.run("kill", "-CONT", pid)
            self._daemon.send_signal(signal.SIGCONT)  # nsenter stops with what it started

    def run(self, *command: str, timeout: float = 60.0) -> str:
        """What a command inside says."""
        done = subprocess.run(
            self.inside(*command), capture_output=True, text=True, timeout=timeout, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def virsh(self, *command: str) -> str:
        """As a person at this hypervisor would."""
        return self.run("virsh", "-q", *command)

    def _answers(self) -> bool:
        try:
            self.virsh("uri")
        except RuntimeError:
            return False
        return True

    def inside(self, *command: str) -> list[str]:
        """A command line, such that it runs there."""
        target = str(self.process)
        return ["nsenter", "--target", target, "--net", "--mount", "--pid", "--", *command]


def put_once(made: Path, place: Path) -> None:
    """Copy a directory to a place, whole at once. Where another process was first, keep what it put there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        copy = shutil.copytree(made, Path(scratch) / place.name)
        with suppress(OSError):
            copy.rename(place)


def linked(first: Hypervisor, second: Hypervisor, bridge: str) -> None:
    """One bridge over two hypervisors, as a cable or an overlay between them would make it."""
    ends = (first, second)
    names = [f"link{first.process % 10_000}", f"link{second.process % 10_000}"]
    for end in ends:
        if bridge not in end.run("ip", "-br", "link"):
            end.run("ip", "link", "add", bridge, "type", "bridge")
            end.run("ip", "link", "set", bridge, "up")
    subprocess.run(
        [
            *("ip", "link", "add", names[1], "netns", str(first.process), "type", "veth"),
            *("peer", "name", names[0], "netns", str(second.process)),
        ],
        check=True,
    )
    for end, name in zip(ends, reversed(names), strict=True):
        end.run("ip", "link", "set", name, "master", bridge, "up")
