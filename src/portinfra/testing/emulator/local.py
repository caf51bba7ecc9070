"""An emulator in a thread of this process. It is quick, and a fork of the process copies it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from portinfra.testing.emulator.emulator import Emulator
from portinfra.testing.emulator.server import Server

Variables = Callable[[str], Mapping[str, str]]
"""Endpoint → the environment variables with which the cloud's own tools find it."""

E = TypeVar("E", bound=Emulator[Any])


def no_variables(endpoint: str) -> Mapping[str, str]:
    """Return no variables: clients receive the endpoint as an argument."""
    return {}


class Local(Generic[E]):
    """An emulator that serves in a thread.

    After os.fork, a child has a copy of the emulator on a port of its own. `endpoint` changes, and so do
    variables of `environment` with the old endpoint. Clients from before the fork must connect again.
    """

    def __init__(self, bed: E, variables: Variables = no_variables) -> None:
        self.bed = bed
        self._variables = variables
        self._start()
        _LIVE.append(self)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which the cloud's own tools find the emulator."""
        return dict(self._variables(self.endpoint))

    def close(self) -> None:
        """Stop serving."""
        _LIVE.remove(self)
        self._server.shutdown()
        self._server.server_close()

    def _start(self) -> None:
        self._server = Server(self.bed)
        self._server.start()
        self.endpoint: str = self._server.endpoint

    def fork_hook(self) -> None:
        """Continue to serve in a child of os.fork, which calls this by itself."""
        before = self.environment
        self._server.socket.close()
        self._start()
        for name, value in self.environment.items():
            if os.environ.get(name) == before[name]:
                os.environ[name] = value


@contextmanager
def in_thread(bed: E, variables: Variables = no_variables) -> Iterator[Local[E]]:
    """Serve an emulator in a thread, inside the `with` block."""
    local = Local(bed, variables)
    try:
        yield local
    finally:
        local.close()


_LIVE: list[Local[Any]] = []


def _before_fork() -> None:
    for each in _LIVE:
        each.bed.lock.acquire()


def _after_fork() -> None:
    for each in _LIVE:
        each.bed.lock.release()


def _in_child() -> None:
    _after_fork()
    for each in _LIVE:
        each.fork_hook()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
