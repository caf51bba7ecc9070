"""Connections to hypervisors, with a time limit.

libvirt waits without a limit for a hypervisor that accepts a connection and then sends nothing: its daemon
hangs, or its machine is off. One slow connection delays no other.
"""

import math
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import libvirt

from portinfra.errors import Unavailable
from portinfra_libvirt.site import Site

OPEN_SECONDS = 15.0
"""The longest that a hypervisor may take to open a connection: a busy one, by SSH, on another continent."""
AGAIN_SECONDS = 1.0
"""The limit for a hypervisor that timed out in the last minute: a command connects several times."""
REMEMBERED_SECONDS = 60.0
"""How long a timeout of a hypervisor counts."""
ALIVE_SECONDS, ALIVE_TIMES = 5, 6
"""The interval of keepalive messages, and the number of missing answers that ends a connection."""

_TIMED_OUT: dict[str, float] = {}
"""URI → time of the hypervisor's last timeout, by `time.monotonic`."""
_ONCE = threading.Lock()
_LOOP: list[threading.Thread] = []


class Opening:
    """One connection. A thread opens it, and may hang."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        now = time.monotonic()
        is_new = now - _TIMED_OUT.get(uri, -math.inf) > REMEMBERED_SECONDS
        self._seconds = OPEN_SECONDS if is_new else min(AGAIN_SECONDS, OPEN_SECONDS)
        self._deadline = now + self._seconds
        self._made: Future[Any] = Future()
        threading.Thread(target=self._open, name=f"open {uri}", daemon=True).start()

    def connection(self) -> Any:
        """Return the connection. Raises libvirtError, or Unavailable after the time limit.

        A later call for the same hypervisor waits only briefly.
        """
        try:
            return self._made.result(max(0.0, self._deadline - time.monotonic()))
        except TimeoutError:
            _TIMED_OUT[self.uri] = time.monotonic()
            silent = Unavailable(
                f"the hypervisor {self.uri} did not open a connection within {self._seconds:g} s",
                provider="libvirt",
                fix="Check that its machine is on. If its daemon hangs, restart libvirtd there: guests keep "
                "running.",
            )
            silent.unreachable = True
            raise silent from None

    @property
    def broken(self) -> bool:
        """Whether opening it failed, or the other side closed it."""
        if not self._made.done():
            return False
        return self._made.exception() is not None or not self._made.result().isAlive()

    def close(self) -> None:
        """Close it; a connection that is still opening closes when it is open."""
        self._made.add_done_callback(_close)

    def _open(self) -> None:
        try:
            keepalive = _runs_events()
            connection = libvirt.open(self.uri)
            if keepalive:
                with suppress(libvirt.libvirtError):  # not every transport supports it
                    connection.setKeepAlive(ALIVE_SECONDS, ALIVE_TIMES)
        except Exception as error:
            self._made.set_exception(error)
        else:
            _TIMED_OUT.pop(self.uri, None)
            self._made.set_result(connection)


class Connections:
    """The connections to the hypervisors of a site.

    Each opens at its first use, and again after a failure.
    """

    def __init__(self, site: Site) -> None:
        libvirt.registerErrorHandler(_silent, None)
        self._uris = {each.name: each.uri for each in site.hypervisors}
        self._openings: dict[str, Opening] = {}
        self._lock = threading.Lock()
        """No thread holds it while it waits."""

    def begin(self) -> None:
        """Start to open all connections, so that a slow one delays no other."""
        with self._lock:
            for at, uri in self._uris.items():
                if at not in self._openings:
                    self._openings[at] = Opening(uri)

    def to(self, at: str) -> Any:
        """Return the connection to a hypervisor. Raises libvirtError, or Unavailable."""
        with self._lock:
            opening = self._openings.get(at)
            if opening is None or opening.broken:
                opening = self._openings[at] = Opening(self._uris[at])
        return opening.connection()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            openings, self._openings = self._openings, {}
        for each in openings.values():
            each.close()


def _silent(_: object, error: object) -> None:
    """Ignore an error: without a handler, libvirt prints every error to standard error."""


def _close(made: "Future[Any]") -> None:
    with suppress(Exception):  # it never opened, or is closed already
        made.result().close()


def _runs_events() -> bool:
    """Return whether libvirt's event loop runs, which keepalive messages need.

    This process must run it. A process that was forked from one with the loop has no such thread.
    """
    with _ONCE:
        if not _LOOP:
            libvirt.virEventRegisterDefaultImpl()
            _LOOP.append(threading.Thread(target=_run, name="libvirt events", daemon=True))
            _LOOP[0].start()
        return _LOOP[0].is_alive()


def _run() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
