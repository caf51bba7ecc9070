"""Network namespaces without names. They end with the process, even if it is killed.

A named one (`ip netns add`) would stay. Only the process and its programs hold each namespace.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NEW_NETWORK = 0x40000000
"""CLONE_NEWNET, see unshare(2) and setns(2)."""

_LIBC = ctypes.CDLL(None, use_errno=True)


class Namespaces:
    """Network namespaces of this process by name. Only the thread that uses `inside` is in one of them."""

    def __init__(self) -> None:
        self._home = _own()
        self._held: dict[str, int] = {}
        self._is_closed = False

    def add(self, name: str) -> None:
        """Create a namespace."""
        try:
            _call(_LIBC.unshare(NEW_NETWORK), "unshare")
            self._held[name] = _own()
        finally:
            _call(_LIBC.setns(self._home, NEW_NETWORK), "setns")

    def path(self, name: str) -> str:
        """Return a path that other programs open to reach a namespace, while this process lives."""
        return f"/proc/{os.getpid()}/fd/{self._held[name]}"

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Open the sockets and start the programs of this thread in a namespace, inside the `with` block."""
        _call(_LIBC.setns(self._held[name], NEW_NETWORK), "setns")
        try:
            yield
        finally:
            _call(_LIBC.setns(self._home, NEW_NETWORK), "setns")

    def run(self, name: str, command: Sequence[str], text: str = "", folder: Path | None = None) -> str:
        """Run a program in a namespace and a folder, with this standard input. Return its output.

        Raises RuntimeError with the output of the program if it fails.
        """
        with self.inside(name):
            done = subprocess.run(
                command, input=text, text=True, capture_output=True, check=False, cwd=folder
            )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} fails: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def start(self, name: str, command: Sequence[str], folder: Path) -> "subprocess.Popen[bytes]":
        """Start a program in a folder, where it writes to `log`.

        It runs until it is stopped, or until this thread ends.
        """
        with (folder / "log").open("wb") as output, self.inside(name):
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                start_new_session=True,  # one signal to the group ends a program and its children
            )

    def close(self) -> None:
        """Close every namespace. The kernel removes those that no program runs in. It may be called again."""
        if self._is_closed:  # other files may have these numbers now
            return
        self._is_closed = True
        for held in (*self._held.values(), self._home):
            os.close(held)


def _own() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _call(result: int, name: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
