"""Hosts as network namespaces on this machine: one bridge for each zone, and real firewalls and proxies.

A host has its address, its files and nothing else. One Python process opens sockets in every host. It takes
root.
"""

import ctypes
import os
import selectors
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager

from host_checkers import is_possible, write_certificates

from portinfra.hosts import haproxy, nftables, systemd
from portinfra.model.resources import Instance
from portinfra.testing.certificates import Authority

PROGRAMS = ("haproxy", "ip", "nft", "socat", "unshare")
_NEW_NETWORK = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)
PATIENCE = 20.0
"""Seconds for what takes one or two on a machine at rest."""


def why_impossible():
    """Return why this machine has no fabric; empty where it may have one."""
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        return f"{', '.join(missing)} is not installed"
    if os.geteuid() != 0 or not is_possible():
        return "network namespaces take root"
    return ""


class Fabric:
    """The hosts of a placed topology with their files. `close` removes all of it."""

    def __init__(self, placed, files, folder):
        self.files, self.folder = files, folder
        self.hosts = {spec.name: spec for spec in placed.resources.values() if isinstance(spec, Instance)}
        self.zones = placed.zones
        self.authority = Authority.create()
        self._mark = f"pf{os.getpid()}"
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._running = {}
        self._applications = Applications()
        self._build()

    def close(self):
        for name in list(self._running):
            self.stop_proxy(name)
        self._applications.close()
        for name in ["fabric", *self.hosts]:
            subprocess.run(["ip", "netns", "del", self._space(name)], capture_output=True, check=False)
        os.close(self._home)

    def _space(self, name):
        return f"{self._mark}-{name}"

    def _build(self):
        for name in ["fabric", *self.hosts]:
            _call("ip", "netns", "add", self._space(name))
        lines = ["link add core type bridge forward_delay 0", "link set core up"]
        for zone in range(self.zones):
            lines += [f"link add z{zone} type bridge forward_delay 0", f"link set z{zone} up"]
            lines += [f"link add up{zone} type veth peer name down{zone}"]
            lines += [f"link set up{zone} master core up", f"link set down{zone} master z{zone} up"]
        for number, (name, host) in enumerate(self.hosts.items()):
            card = f"name eth0 address {_card(host)} netns {self._space(name)}"
            lines += [
                f"link add v{number} type veth peer {card}",
                f"link set v{number} master z{host.zone} up",
            ]
        _call("ip", "-n", self._space("fabric"), "-batch", "-", text="\n".join(lines) + "\n")
        for name, host in self.hosts.items():
            lines = ["link set lo up", "link set eth0 up", f"addr add {host.private_address}/16 dev eth0"]
            # Neighbours are known: the kernel's table of them is one for all namespaces, and too small.
            lines += [
                f"neigh replace {other.private_address} lladdr {_card(other)} dev eth0 nud permanent"
                for other in self.hosts.values()
                if other is not host
            ]
            _call("ip", "-n", self._space(name), "-batch", "-", text="\n".join(lines) + "\n")

    @contextmanager
    def inside(self, name):
        """Sockets that this thread opens meanwhile are those of a host."""
        space = os.open(f"/run/netns/{self._space(name)}", os.O_RDONLY)
        try:
            if _LIBC.setns(space, _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            _LIBC.setns(self._home, _NEW_NETWORK)
            os.close(space)

    def content(self, name, path):
        """Return a file of a host, as it is rendered."""
        return next(file.content for file in self.files[name] if file.path == path)

    def load_firewall(self, name, *, chains=("input", "output")):
        """Load the firewall of a host; of the chains that are not named, none drops anything."""
        text = self.content(name, nftables.PATH)
        for chain in {"input", "output"} - {*chains}:
            hook = f"type filter hook {chain} priority filter; policy"
            text = text.replace(f"{hook} drop;", f"{hook} accept;")
        _call("ip", "netns", "exec", self._space(name), "nft", "-f", "-", text=text)

    def cut_off(self, zone, *, cut=True):
        """Take a zone from the others, or bring it back."""
        state = "down" if cut else "up"
        _call("ip", "-n", self._space("fabric"), "link", "set", f"up{zone}", state)

    def start_proxy(self, name):
        """Start HAProxy of a host, with its own certificate."""
        run = self.folder / name
        tls = write_certificates(run / "tls", self.authority, name)
        text = (
            self.content(name, haproxy.PATH).replace(haproxy.TLS, str(tls)).replace("/run/haproxy", str(run))
        )
        (run / "haproxy.cfg").write_text(text)
        command = ["ip", "netns", "exec", self._space(name), "haproxy", "-db", "-f", str(run / "haproxy.cfg")]
        with (run / "log").open("wb") as log:
            self._running[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def stop_proxy(self, name):
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def tell_proxy(self, name, command):
        """Send a command to the socket of a host's HAProxy."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / name / "admin.sock"))
            connection.sendall(f"{command}\n".encode())
            return connection.recv(65_536).decode()

    def save_state(self, name):
        """Run the script that a reload of HAProxy runs first. Return what it saved."""
        run = self.folder / name
        text = self.content(name, systemd.SCRIPT).replace("/run/haproxy", str(run))
        _call("sh", "-c", text.replace(haproxy.PATH, str(run / "haproxy.cfg")))
        return (run / "state").read_text()

    def start_application(self, name, port):
        """Start an application on 127.0.0.1 of a host. It answers with the host's name."""
        with self.inside(name):
            self._applications.start(name, port)

    def kill_application(self, name):
        self._applications.kill(name)

    def ask(self, name, port):
        """Return who answers a host at a port of its own 127.0.0.1; empty if no host does."""
        with self.inside(name):
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as connection:
                    return _answer(connection)
            except OSError:
                return ""

    def ask_by_tls(self, source, target, port, certificate, authority, *, patience=5):
        """Return who answers at the port of another host by TLS, with files of a certificate or None."""
        context = ssl.create_default_context(cadata=authority)
        context.check_hostname = False
        if certificate:
            context.load_cert_chain(*certificate)
        with self.inside(source):
            try:
                address = self.hosts[target].private_address
                with (
                    socket.create_connection((address, port), patience) as plain,
                    context.wrap_socket(plain) as connection,
                ):
                    return _answer(connection)
            except OSError:
                return ""


class Applications:
    """Small servers in one thread: HTTP says 200, anything else is answered with the name of the host."""

    def __init__(self):
        self._selector, self._names, self._listening = selectors.DefaultSelector(), {}, {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def start(self, name, port):
        listening = socket.create_server(("127.0.0.1", port), backlog=128)
        listening.setblocking(False)
        with self._lock:
            self._listening[name] = listening
            self._selector.register(listening, selectors.EVENT_READ, name)

    def kill(self, name):
        with self._lock:
            listening = self._listening.pop(name)
            self._selector.unregister(listening)
            listening.close()

    def close(self):
        self._closed = True
        self._thread.join()
        for listening in self._listening.values():
            listening.close()

    def _serve(self):
        while not self._closed:
            for key, _ in self._selector.select(0.05):
                with self._lock:
                    if key.data in self._listening:
                        self._accept(key.fileobj, key.data)

    def _accept(self, listening, name):
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(1)
            try:
                asked = connection.recv(4096)
                http = asked.startswith(b"GET ")
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" if http else f"{name}\n".encode())
            except OSError:
                return


def wait_until(is_so):
    """Wait until a condition holds. Raise AssertionError where it does not in time."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.05)


def _answer(connection):
    connection.settimeout(5)
    connection.sendall(b"who\n")
    return connection.recv(100).decode().strip()


def _card(host):
    """The address of a host's network card, made from its IPv4 address."""
    return "02:00:" + ":".join(f"{int(part):02x}" for part in host.private_address.split("."))


def _call(*command, text=None):
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
