"""Packets from everyone to everyone: what comes through, by the word of whoever received it."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from hypervisors.guests import Guest

Packet = tuple[str, int]
Flow = tuple[str, str, Packet]

TCP_SECONDS = 2


def listen(guests: Mapping[str, Guest], packets: Iterable[Packet]) -> None:
    """Let every guest answer on every port, whether or not anybody may call. Return when they do."""
    commands, waits = [], []
    for protocol, port in packets:
        if protocol == "tcp":
            commands.append(f"nc -ll -p {port} -e true >/dev/null 2>&1 &")
        else:
            commands.append(f"packets receive {port} >> /run/heard.{port} &")
        bound = f"cat /proc/net/{protocol}* | grep -qi ': [0-9A-F]*:{port:04X} 0*:0000 '"
        waits.append(f"until {bound}; do usleep 10000; done;")
    command = " ".join([*commands, *waits, "true"])
    with ThreadPoolExecutor(len(guests)) as pool:
        list(pool.map(lambda guest: guest.told(command), guests.values()))


def passing(guests: Mapping[str, Guest], packets: Iterable[Packet]) -> set[Flow]:
    """Try every packet from every guest to every other, all guests at once."""
    packets = tuple(packets)
    names = {guest.address: guest.name for guest in guests.values()}
    for guest in guests.values():
        guest.told("for f in /run/heard.*; do : > $f; done")
    with ThreadPoolExecutor(len(guests)) as pool:
        accepted = dict(pool.map(lambda guest: (guest.name, _send(guest, guests, packets)), guests.values()))
    through: set[Flow] = set()
    for source, output in accepted.items():
        for line in output.splitlines():
            address, port = line.split(" ")
            through.add((source, names[address], ("tcp", int(port))))
    for target in guests.values():
        for line in target.told("grep -H . /run/heard.* || true").splitlines():
            file, _, heard = line.partition(":")
            source = names[heard.partition(" ")[0]]
            through.add((source, target.name, ("udp", int(file.rpartition(".")[2]))))
    return through


def _send(guest: Guest, guests: Mapping[str, Guest], packets: tuple[Packet, ...]) -> str:
    """Send from one guest. Return what accepts a TCP connection; who receives a datagram writes it down."""
    targets: dict[str, list[str]] = {"tcp": [], "udp": []}
    for target in guests.values():
        for protocol, port in packets if target != guest else ():
            targets[protocol].append(f"{target.address} {port}")
    datagrams = f"packets send x 2 {' '.join(targets['udp'])}"
    return guest.told(f"{datagrams}; packets call {TCP_SECONDS} {' '.join(targets['tcp'])}")


class Capture:
    """Everything that comes to the interfaces of guests, while it lasts, by the word of their hypervisors."""

    def __init__(self, guests: Iterable[Guest], what: str) -> None:
        self.guests = list(guests)
        self.what = what

    def __enter__(self) -> "Capture":
        self._running = [
            subprocess.Popen(
                guest.hypervisor.inside("tcpdump", "-lnn", "-Q", "out", "-i", guest.tap(), self.what),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            for guest in self.guests
        ]
        for each in self._running:
            assert each.stderr is not None
            while "listening on" not in each.stderr.readline():
                assert each.poll() is None
        return self

    def __exit__(self, *_: object) -> None:
        self.seen: dict[str, list[str]] = {}
        for guest, each in zip(self.guests, self._running, strict=True):
            os.killpg(each.pid, signal.SIGTERM)
            output, _ = each.communicate()
            self.seen[guest.name] = [line for line in output.splitlines() if line]
