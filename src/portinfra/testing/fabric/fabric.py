"""The hosts of a placed topology as network namespaces: a bridge for each zone, and the rendered files.

A host has its address and its files, and starts no program by itself. A test starts each program by name.
"""

import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

from portinfra.hosts import haproxy, nftables, systemd
from portinfra.hosts.render import Files
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.testing.certificates import Authority
from portinfra.testing.fabric.applications import Applications
from portinfra.testing.fabric.namespaces import Namespaces
from portinfra.testing.fabric.wait import wait_until

PROGRAMS = ("haproxy", "ip", "nft", "setpriv", "socat")
"""The programs that a fabric calls. Debian's package of `ip` is iproute2."""

CHAINS = ("input", "output")
"""The chains of a host's firewall that drop what no flow allows."""

_HERE = "/proc/self/cwd"
"""The placeholder of /run/haproxy. The path of a socket has at most 97 characters, and a folder may have
more.
"""

_SWITCHES = "the zones"
"""The namespace with the bridges. The settings of the machine itself do not change."""


def why_impossible() -> str:
    """Return why this machine cannot run a fabric; empty if it can."""
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        return f"{', '.join(missing)} is not installed"
    spaces = Namespaces()
    try:
        spaces.add("")
    except OSError:
        return "network namespaces take root"
    finally:
        spaces.close()
    return ""


class Fabric:
    """The hosts of a placed topology, or some of them. It ends with its `with` block, or with `close`.

    `files` are the rendered files by host. `folder` is an existing folder for certificates, settings and logs
    of proxies. Only one thread uses a fabric; any thread may use `inside`.
    """

    def __init__(self, placed: Placed, files: Files, folder: Path, *, roles: Collection[str] = ()) -> None:
        self.files: Files = files
        self.folder: Path = folder
        self.hosts: dict[str, Instance] = {
            spec.name: spec
            for spec in placed.resources.values()
            if isinstance(spec, Instance) and (not roles or placed.roles[spec.address] in roles)
        }
        self.authority: Authority = Authority.create()
        self._prefix = placed.environment.cidr.partition("/")[2]
        self._zones = placed.zones
        self._proxies: dict[str, subprocess.Popen[bytes]] = {}
        with ExitStack() as undo:
            self._spaces = Namespaces()
            undo.callback(self._spaces.close)
            self._build()
            undo.pop_all()
        self._applications = Applications()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all programs and remove all hosts. It may be called again."""
        for name in list(self._proxies):
            self.stop_proxy(name)
        self._applications.close()
        self._spaces.close()

    def _build(self) -> None:
        for name in (_SWITCHES, *self.hosts):
            self._spaces.add(name)
        self._spaces.run(_SWITCHES, ["ip", "-batch", "-"], "\n".join(self._switches()))
        for name in self.hosts:
            self._spaces.run(name, ["ip", "-batch", "-"], "\n".join(self._card(name)))

    def _switches(self) -> Iterator[str]:
        yield from ("link add core type bridge forward_delay 0", "link set core up")
        for zone in range(self._zones):
            yield f"link add z{zone} type bridge forward_delay 0"
            yield f"link set z{zone} up"
            yield f"link add up{zone} type veth peer name down{zone}"
            yield f"link set up{zone} master core up"
            yield f"link set down{zone} master z{zone} up"
        for name, host in self.hosts.items():
            peer = f"name eth0 address {_hardware(host)} netns {self._spaces.path(name)}"
            yield f"link add {self.card(name)} type veth peer {peer}"
            yield f"link set {self.card(name)} master z{host.zone} up"

    def _card(self, name: str) -> Iterator[str]:
        host = self.hosts[name]
        yield from ("link set lo up", "link set eth0 up")
        yield f"addr add {host.private_address}/{self._prefix} dev eth0"
        # Entries of neighbours are static: the kernel's table is one for all namespaces, and too small.
        for other in self.hosts.values():
            if other is not host:
                known = f"{other.private_address} lladdr {_hardware(other)}"
                yield f"neigh replace {known} dev eth0 nud permanent"

    def inside(self, name: str) -> AbstractContextManager[None]:
        """Open the sockets of this thread on a host, inside the `with` block."""
        return self._spaces.inside(name)

    def run(self, name: str, *command: str, text: str = "") -> str:
        """Run a program on a host, and return its output. Raises RuntimeError if it fails."""
        return self._spaces.run(name, command, text)

    def start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        """Start a program on a host, in the host's folder, where it writes to `log`.

        It runs until it is stopped, or until this thread ends.
        """
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return self._spaces.start(name, command, folder)

    def content(self, name: str, path: str) -> str:
        """Return the rendered content of a host's file. Raises LookupError if the host has no such file."""
        for file in self.files.get(name, ()):
            if file.path == path:
                return file.content
        raise LookupError(
            f"The host {name} has no file {path} in the files of the fabric. "
            "Pass its rendered files to the fabric, or name another path."
        )

    def load_firewall(self, name: str, *, chains: Collection[str] = CHAINS) -> None:
        """Load the firewall of a host. Chains that are not named accept the packets that they would drop."""
        text = self.content(name, nftables.PATH)
        for chain in CHAINS:
            hook = f"type filter hook {chain} priority filter; policy"
            if chain not in chains:
                text = text.replace(f"{hook} drop;", f"{hook} accept;")
        self.run(name, "nft", "-f", "-", text=text)

    def cut_off(self, zone: int, *, cut: bool = True) -> None:
        """Separate a zone from the others, or connect it again."""
        self._spaces.run(_SWITCHES, ["ip", "link", "set", f"up{zone}", "down" if cut else "up"])

    def detach(self, name: str, *, detached: bool = True) -> None:
        """Separate one host from all others, or connect it again. The card of the host does not change."""
        state = "down" if detached else "up"
        self._spaces.run(_SWITCHES, ["ip", "link", "set", self.card(name), state])

    def start_guest(self, name: str, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a virtual machine in place of a host, with the tap `card(name)` and `hardware_address(name)`.

        It runs until it is stopped, in a folder with the host's name. It has its own files and applications.
        """
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        self.run(name, "ip", "link", "del", "eth0")
        lines = (
            f"tuntap add mode tap name {self.card(name)}",
            f"link set {self.card(name)} master z{self.hosts[name].zone} up",
        )
        self._spaces.run(_SWITCHES, ["ip", "-batch", "-"], "\n".join(lines))
        return self._spaces.start(_SWITCHES, command, folder)

    def card(self, name: str) -> str:
        """Return the name of the card that connects a host to the bridge of its zone."""
        return f"v{list(self.hosts).index(name)}"

    def hardware_address(self, name: str) -> str:
        """Return the address of a host's network card, which all other hosts know."""
        return _hardware(self.hosts[name])

    def start_proxy(self, name: str, *, identity: str = "", tls: Path | None = None) -> None:
        """Start HAProxy of a host, as its unit does. Its certificate has the host's name, or another
        `identity`. `tls` is a folder with certificates of another authority.

        Raises RuntimeError if it runs already. If it does not start, the error has the end of its log.
        """
        if name in self._proxies and self._proxies[name].poll() is None:
            raise RuntimeError(f"HAProxy of {name} runs already. Stop it first, or reload it.")
        run = self.folder / name
        tls = tls or self.authority.write(run / "tls", identity or name)
        text = self.content(name, haproxy.PATH)
        text = text.replace(haproxy.TLS, str(tls)).replace("/run/haproxy", _HERE)
        run.mkdir(exist_ok=True)
        settings = run / "haproxy.cfg"
        settings.write_text(text, encoding="utf-8")
        command = ["haproxy", "-W", "-f", str(settings)]
        ready = run / "admin.sock"
        ready.unlink(missing_ok=True)
        process = self._proxies[name] = self._spaces.start(name, command, run)
        wait_until(lambda: ready.exists() or process.poll() is not None)
        if process.poll() is not None:
            log = (run / "log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"HAProxy of {name} does not start: {log[-500:].strip()}")

    def reload_proxy(self, name: str) -> None:
        """Reload HAProxy of a host as its unit does: save the state of servers, then replace the worker."""
        before = self._worker(name)
        self.save_state(name)
        self._proxies[name].send_signal(signal.SIGUSR2)
        wait_until(lambda: self._worker(name) != before)

    def _worker(self, name: str) -> str:
        """Return the process that serves new connections."""
        lines = self.tell_proxy(name, "show info").splitlines()
        return next((line for line in lines if line.startswith("Pid:")), "")

    def stop_proxy(self, name: str) -> None:
        """End HAProxy of a host at once. Its master waits for the workers that die, and ends with them."""
        process = self._proxies.pop(name)
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for worker in workers.read_text().split() if process.poll() is None else ():
            os.kill(int(worker), signal.SIGKILL)
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def tell_proxy(self, name: str, command: str) -> str:
        """Send a command to the socket of a host's HAProxy. Return the answer."""
        folder = os.open(self.folder / name, os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(f"/proc/self/fd/{folder}/admin.sock")
                connection.sendall(f"{command}\n".encode())
                answer = b""
                while part := connection.recv(65_536):
                    answer += part
        finally:
            os.close(folder)
        return answer.decode()

    def save_state(self, name: str) -> str:
        """Run the script that a reload of HAProxy runs first. Return what it saved."""
        run = self.folder / name
        text = self.content(name, systemd.SCRIPT).replace("/run/haproxy", _HERE)
        script = text.replace(haproxy.PATH, "haproxy.cfg")
        self._spaces.run(name, ["sh", "-c", script], folder=run)
        return (run / "state").read_text(encoding="utf-8")

    def start_application(self, name: str, port: int) -> None:
        """Start an application on 127.0.0.1 of a host. It answers with the host's name."""
        with self.inside(name):
            self._applications.start(name, port)

    def kill_application(self, name: str) -> None:
        """End the applications of a host at once."""
        self._applications.kill(name)

    def ask(self, name: str, port: int) -> str:
        """Return which host answers at a port of 127.0.0.1 of a host; empty if none does."""
        with self.inside(name):
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as connection:
                    return _answer(connection)
            except OSError:
                return ""

    def ask_by_tls(self, source: str, target: str, port: int, context: ssl.SSLContext) -> str:
        """Return which host answers at a port of another one by TLS; empty if that closes the connection.

        Raises OSError, such as ssl.SSLError, if it refuses or does not answer within two seconds.
        """
        with (
            self.inside(source),
            socket.create_connection((self.hosts[target].private_address, port), 2) as plain,
            context.wrap_socket(plain) as connection,
        ):
            return _answer(connection)


def _answer(connection: socket.socket) -> str:
    connection.settimeout(5)
    connection.sendall(b"who\n")
    return connection.recv(100).decode().strip()


def _hardware(host: Instance) -> str:
    """Return the address of a host's network card, which follows from its IPv4 address."""
    return "02:00:" + ":".join(f"{int(part):02x}" for part in host.private_address.split("."))
