"""The process that holds a lease, and whether it still runs, as this machine knows it."""

import getpass
import json
import os
import platform
from functools import cache
from pathlib import Path

from portinfra.model.lease import Holder

NAME_MAX = 250
"""The characters of a name after JSON escapes. So many of a user and of a host fit into every record."""

_ended: set[str] = set()
"""The processes of runs that ended in this process."""


def this_run(attempt: str) -> Holder:
    """Return this process as the holder of a lease for one run."""
    process = f"{os.getpid()}:{start_time(os.getpid())}:{attempt}"
    return Holder(shorten(_user()), shorten(platform.node()), machine_id(), process)


def shorten(name: str) -> str:
    """Return the beginning of a name, short enough for every record."""
    while len(json.dumps(name)) > NAME_MAX:
        name = name[:-1]
    return name


def mark_ended(holder: Holder) -> None:
    """Record that a run of this process has ended, with or without success."""
    _ended.add(holder.process)


def is_on_this_machine(holder: Holder) -> bool:
    """Return whether the holder ran on this boot of this machine, so that its process can be looked up."""
    return holder.machine == machine_id()


def is_alive(holder: Holder) -> bool:
    """Return whether a holder of this machine still runs."""
    if holder.process in _ended:
        return False
    pid, started, _ = holder.process.split(":", 2)
    return start_time(int(pid)) in (started, _START_UNKNOWN)


_START_UNKNOWN = "untold"
"""The start of a running process on a system that does not show when a process started."""


def start_time(pid: int) -> str | None:
    """Return when a process started, in clock ticks since boot; None: there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _START_UNKNOWN if _exists(pid) else None
    return None if fields[0] in "ZX" else fields[19]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # another user's
    except (OSError, OverflowError):
        return False
    return True


def machine_id() -> str:
    """Return the id of this boot and this namespace of process ids. Two containers of a machine differ in
    it.
    """
    try:
        return f"{_boot()}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return shorten(platform.node())


@cache
def _boot() -> str:
    """Return the id of this boot, which no process outlives."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
