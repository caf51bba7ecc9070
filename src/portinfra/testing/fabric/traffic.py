"""The traffic that passes between the hosts of a fabric: each pair of hosts tries each port.

One process has the sockets of all hosts. https://man7.org/linux/man-pages/man2/setns.2.html
"""

import resource
import select
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from portinfra.testing.fabric.fabric import Fabric

Passage = tuple[str, str, str, int]
"""Source, target, protocol and port."""

AT_ONCE = 8_000
"""The most connections that run at the same time."""

FILES = 20_000
"""The number of open files that `AT_ONCE` needs, with a socket for each port of each host."""

_RESERVE = 100
"""The number of open files that are kept for everything else."""

_QUIET = 1500
"""The milliseconds without a further answer that end a try. TCP tries a second time after one second."""


def find_passages(fabric: Fabric, names: Collection[str], ports: Collection[int]) -> set[Passage]:
    """Return every source, target, protocol and port that passes between two of these hosts, by TCP and UDP.

    Each host listens on each port of its address during the call. Raises RuntimeError if this process may not
    open a file for each socket.
    """
    hosts = {name: fabric.hosts[name].private_address for name in names}
    sources = list(hosts)
    with many_files() as files, ExitStack() as stack:
        step = sources_at_once(files, len(hosts) * len(ports))
        for name, address in hosts.items():
            with fabric.inside(name):
                for port in ports:
                    stack.enter_context(socket.create_server((address, port), backlog=256))
        found = set(_list_received(fabric, hosts, ports))
        for first in range(0, len(sources), step):
            found |= set(_connect_all(fabric, sources[first : first + step], hosts, ports))
    return found


@contextmanager
def many_files() -> Iterator[int]:
    """Raise the soft limit of open files to `FILES` or the hard limit, inside the `with` block. Yield the
    limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    files = max(soft, files)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    try:
        yield files
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def sources_at_once(files: int, listening: int) -> int:
    """Return how many hosts can try all ports at the same time. `listening` is the number of all open ports.

    Raises RuntimeError if `files` open files are too few for one host.
    """
    used = len(list(Path("/proc/self/fd").iterdir())) + _RESERVE
    free = files - used - listening
    if free < listening:
        raise RuntimeError(
            f"{listening} ports take {2 * listening + used} open files, and this process may have {files}. "
            "Raise the limit (`ulimit -Hn`), or try fewer hosts or ports."
        )
    return max(1, min(AT_ONCE, free) // listening)


def _list_received(fabric: Fabric, hosts: Mapping[str, str], ports: Collection[int]) -> Iterator[Passage]:
    """Send one datagram from each host to each port of each other host, and yield what arrives."""
    with ExitStack() as stack:
        receivers: dict[socket.socket, tuple[str, int]] = {}
        for name, address in hosts.items():
            with fabric.inside(name):
                for port in ports:
                    receiver = stack.enter_context(_datagrams())
                    receiver.bind((address, port))
                    receivers[receiver] = (name, port)
        for source in hosts:
            with fabric.inside(source), _datagrams() as sender:
                for target, address in hosts.items():
                    for port in ports if target != source else ():
                        try:
                            sender.sendto(source.encode(), (address, port))
                        except PermissionError:  # the firewall of the source drops it at once
                            continue
        for receiver, (target, port) in receivers.items():
            for source in _read(receiver):
                yield source, target, "udp", port


def _datagrams() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def _read(receiver: socket.socket) -> Iterator[str]:
    while True:
        try:
            yield receiver.recv(100).decode()
        except BlockingIOError:
            return


def _connect_all(
    fabric: Fabric, sources: Iterable[str], hosts: Mapping[str, str], ports: Collection[int]
) -> Iterator[Passage]:
    with ExitStack() as stack:
        tried: dict[int, tuple[socket.socket, Passage]] = {}
        for source in sources:
            with fabric.inside(source):
                for target, address in hosts.items():
                    for port in ports if target != source else ():
                        caller = stack.enter_context(socket.socket())
                        caller.setblocking(False)
                        caller.connect_ex((address, port))
                        tried[caller.fileno()] = (caller, (source, target, "tcp", port))
        yield from _list_accepted(tried)


def _list_accepted(tried: Mapping[int, tuple[socket.socket, Passage]]) -> Iterator[Passage]:
    poll = select.poll()
    for number in tried:
        poll.register(number, select.POLLOUT)
    while answers := poll.poll(_QUIET):
        for number, _ in answers:
            poll.unregister(number)
            caller, passage = tried[number]
            if caller.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                yield passage
