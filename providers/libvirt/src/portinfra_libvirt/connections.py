"""Connections to hypervisors. libvirt waits without end for one that takes a connection and then says
nothing: its daemon hangs, its machine is gone. Here there is an end to it, and nobody waits for another's.
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
"""The longest that a hypervisor may take to open a connection: by SSH, from another continent, busy."""
AGAIN_SECONDS = 1.0
"""The same for one that was given up in the last minute: a command connects several times."""
REMEMBERED_SECONDS = 60.0
"""For how long it is known that a hypervisor was given up."""
ALIVE_SECONDS, ALIVE_TIMES = 5, 6
"""How often it is asked whether it is still there, and after how many silences it is given up."""

_GIVEN_UP: dict[str, float] = {}
"""URI → when the hypervisor was given up, by `time.monotonic`."""
_ONCE = threading.Lock()
_LOOP: list[threading.Thread] = []


class Opening:
    """One connection, being opened by a thread that may hang for as long as it likes."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        now = time.monotonic()
        is_new = now - _GIVEN_UP.get(uri, -math.inf) > REMEMBERED_SECONDS
        self._seconds = OPEN_SECONDS if is_new else min(AGAIN_SECONDS, OPEN_SECONDS)
        self._give_up = now + self._seconds
        self._made: Future[Any] = Future()
        threading.Thread(target=self._open, name=f"open {uri}", daemon=True).start()

    def connection(self) -> Any:
        """It. Raises libvirtError, or Unavailable where nothing has come of it in time; whoever asks later is
        not kept waiting.
        """
        try:
            return self._made.result(max(0.0, self._give_up - time.monotonic()))
        except TimeoutError:
            _GIVEN_UP[self.uri] = time.monotonic()
            silent = Unavailable(
                f"the hypervisor {self.uri} did not open a connection within {self._seconds:g} s",
                provider="libvirt",
                fix="Is its machine off, or its daemon stuck? Restart libvirtd there; guests go on.",
            )
            silent.unreachable = True
            raise silent from None

    @property
    def broken(self) -> bool:
        """Whether it failed, or was closed from the other side."""
        if not self._made.done():
            return False
        return self._made.exception() is not None or not self._made.result().isAlive()

    def close(self) -> None:
        """Let go of it; of one that is yet to come, when it comes."""
        self._made.add_done_callback(_close)

    def _open(self) -> None:
        try:
            asked = _asking()
            connection = libvirt.open(self.uri)
            if asked:
                with suppress(libvirt.libvirtError):  # not every way to it can
                    connection.setKeepAlive(ALIVE_SECONDS, ALIVE_TIMES)
        except Exception as error:
            self._made.set_exception(error)
        else:
            _GIVEN_UP.pop(self.uri, None)
            self._made.set_result(connection)


class Connections:
    """Those to the hypervisors of a site, each opened at its first use, and anew when it broke."""

    def __init__(self, site: Site) -> None:
        libvirt.registerErrorHandler(_silent, None)
        self._uris = {each.name: each.uri for each in site.hypervisors}
        self._openings: dict[str, Opening] = {}
        self._lock = threading.Lock()
        """Never held while anything is waited for."""

    def begin(self) -> None:
        """Begin to open all connections, so that one that is slow delays no other."""
        with self._lock:
            for at, uri in self._uris.items():
                if at not in self._openings:
                    self._openings[at] = Opening(uri)

    def to(self, at: str) -> Any:
        """The connection to a hypervisor. Raises libvirtError, or Unavailable."""
        with self._lock:
            opening = self._openings.get(at)
            if opening is None or opening.broken:
                opening = self._openings[at] = Opening(self._uris[at])
        return opening.connection()

    def close(self) -> None:
        """Let go of all."""
        with self._lock:
            openings, self._openings = self._openings, {}
        for each in openings.values():
            each.close()


def _silent(_: object, error: object) -> None:
    """libvirt prints every error to standard error unless somebody takes it."""


def _close(made: "Future[Any]") -> None:
    with suppress(Exception):  # it never came, or is gone already
        made.result().close()


def _asking() -> bool:
    """Whether hypervisors can be asked if they are still there: that is the work of libvirt's event loop,
    which somebody has to run. In a process that was forked from one which does, nobody does.
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
