"""Clients that call a service of a fabric without pause, and the answer to each of their requests."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Self

from portinfra.testing.fabric.fabric import Fabric
from portinfra.testing.fabric.wait import wait_until
from portinfra.value import frozen

WAIT = 60.0
"""The patience in seconds, for what takes up to five on an idle machine. A client waits longer than that."""


@frozen
class Request:
    """One request. Moments are in seconds of the monotonic clock."""

    answer: str
    """The host that answered; empty if the request failed."""
    began: float
    ended: float


class Client:
    """A program on a host that calls a port of its own 127.0.0.1, one request after another.

    It opens a connection for each request, or keeps one until that breaks (`keeps`).
    """

    def __init__(self, fabric: Fabric, host: str, port: int, *, keeps: bool, pause: float) -> None:
        self.host: str = host
        self.keeps: bool = keeps
        self.name: str = f"{host}, kept connection" if keeps else host
        self.requests: list[Request] = []
        self.turn: threading.Lock = threading.Lock()
        """The lock that the client holds during a request."""
        self._connection: socket.socket | None = None
        self._pause = pause
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(fabric, port), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the program, even while it waits for an answer."""
        self._is_over.set()
        connection = self._connection
        if connection:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _run(self, fabric: Fabric, port: int) -> None:
        with fabric.inside(self.host):
            while not self._is_over.wait(self._pause):
                with self.turn:
                    self._request(port)
        self._close()

    def _request(self, port: int) -> None:
        began, answer = time.monotonic(), ""
        try:
            if self._connection is None:
                self._connection = socket.create_connection(("127.0.0.1", port), 2 * WAIT)
            self._connection.sendall(b"who\n")
            answer = self._connection.recv(100).decode().strip()
        except OSError:
            pass
        self.requests.append(Request(answer, began, time.monotonic()))
        if not self.keeps or not answer:
            self._close()

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


class Load:
    """Two clients on each given host: one opens a connection for each request, and one keeps its own.

    It ends with its `with` block. `pause` is the number of seconds between two requests of a client.
    """

    def __init__(self, fabric: Fabric, hosts: Iterable[str], port: int, *, pause: float = 0.05) -> None:
        self.clients: list[Client] = [
            Client(fabric, host, port, keeps=keeps, pause=pause) for host in hosts for keeps in (False, True)
        ]
        self._begun = dict.fromkeys((client.name for client in self.clients), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.stop()

    def begin(self) -> None:
        """Start counting: leave out the requests that have ended."""
        self._begun = {client.name: len(client.requests) for client in self.clients}

    @contextmanager
    def between_requests(self) -> Iterator[None]:
        """Keep the clients between two requests inside the `with` block. Kept connections stay."""
        with ExitStack() as stack:
            for client in self.clients:
                stack.enter_context(client.turn)
            yield

    def requests(self, client: Client) -> list[Request]:
        """Return the requests of a client since `begin`."""
        return client.requests[self._begun[client.name] :]

    def answers(self) -> dict[str, Counter[str]]:
        """Return client → host → the number of its answers since `begin`; `""` counts failed requests."""
        return {
            client.name: Counter(request.answer for request in self.requests(client))
            for client in self.clients
        }

    def failures(self) -> dict[str, int]:
        """Return client → the number of its failed requests since `begin`, for clients with any."""
        found = {name: answers[""] for name, answers in self.answers().items()}
        return {name: count for name, count in found.items() if count}

    def run(self, count: int) -> None:
        """Wait until each client has ended `count` more requests."""
        ends = {client.name: len(client.requests) + count for client in self.clients}
        wait_until(
            lambda: all(len(client.requests) >= ends[client.name] for client in self.clients), seconds=WAIT
        )

    def settle(self, expected: Mapping[str, Collection[str]], count: int = 12) -> None:
        """Wait until the expected hosts have answered the last `count` requests of each client.

        `expected` has host of the client → hosts that may answer.
        """

        def has_settled(client: Client) -> bool:
            last = {request.answer for request in client.requests[-count:]}
            return last <= {*expected[client.host]} and len(client.requests) >= count

        wait_until(lambda: all(map(has_settled, self.clients)), seconds=WAIT)
