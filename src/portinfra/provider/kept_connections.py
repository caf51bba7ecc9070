"""Open connections that several threads use in turn, one thread at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """A connection."""

    def close(self) -> None:
        """Close it."""


C = TypeVar("C", bound=Closable)


class KeptConnections(Generic[C]):
    """Connections to the services of one provider. A thread takes an idle one, or opens a new one.

    So reads in threads that end soon after use the connections of the threads before them.
    """

    def __init__(self, connect: Callable[[str], C]) -> None:
        self._connect = connect
        self._idle: dict[str, list[C]] = {}
        self._all: list[C] = []

    @contextmanager
    def lend(self, service: str) -> Iterator[C]:
        """Yield a connection to a service, which no other thread has inside the `with` block."""
        idle = self._idle.setdefault(service, [])
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._connect(service)
            self._all.append(connection)
        try:
            yield connection
        finally:
            idle.append(connection)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            connection.close()
        self._all.clear()
        self._idle.clear()
