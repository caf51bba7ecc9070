"""Packets from everyone to everyone: what comes through, by the word of whoever received it."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

from hypervisors.guests import Guest

Packet = tuple[str, int]
Flow = tuple[str, str, Packet]

TCP_SECONDS = 2


def listen(guests: Mapping[str, Guest], packets: Iterable[Packet]) -> None:
    """Let every guest answer on every port, whether or not anybody may call."""
    commands = []
    for protocol, port in packets:
        if protocol == "tcp":
            commands.append(f"nc -ll -p {port} -e true >/dev/null 2>&1 &")
        else:
            commands.append(f"udp receive {port} >> /run/heard.{port} &")
    with ThreadPoolExecutor(len(guests)) as pool:
        list(pool.map(lambda guest: guest.told(" ".join(commands) + " true"), guests.values()))


def passing(guests: Mapping[str, Guest], packets: Iterable[Packet]) -> set[Flow]:
    """Try every packet from every guest to every other, all guests at once."""
    packets = tuple(packets)
    for guest in guests.values():
        guest.told("for f in /run/heard.*; do : > $f; done")
    with ThreadPoolExecutor(len(guests)) as pool:
        told = dict(pool.map(lambda guest: (guest.name, _send(guest, guests, packets)), guests.values()))
    through = {
        (source, *_target(line)) for source, output in told.items() for line in output.split("\n") if line
    }
    names = {guest.address: guest.name for guest in guests.values()}
    for target in guests.values():
        for port in (port for protocol, port in packets if protocol == "udp"):
            for line in target.told(f"cat /run/heard.{port}").splitlines():
                source = names[line.split(" ")[0].partition(":")[0]]
                through.add((source, target.name, ("udp", port)))
    return through


def _send(guest: Guest, guests: Mapping[str, Guest], packets: tuple[Packet, ...]) -> str:
    """One script in the guest: what answers by TCP is told; a datagram is told of by who heard it."""
    lines = []
    for (_, target), (protocol, port) in (
        (pair, packet) for pair in permutations(guests, 2) if pair[0] == guest.name for packet in packets
    ):
        address = guests[target].address
        if protocol == "tcp":
            lines.append(
                f"(nc -w {TCP_SECONDS} {address} {port} </dev/null >/dev/null 2>&1 && echo {target} {port}) &"
            )
        else:
            lines.append(f"udp send {address} {port} x; udp send {address} {port} x;")
    return guest.told(" ".join(lines) + " wait")


def _target(line: str) -> tuple[str, Packet]:
    target, port = line.split(" ")
    return target, ("tcp", int(port))


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
