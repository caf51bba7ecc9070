"""Which process holds a lease, and whether it still runs: read from this machine only."""

import getpass
import json
import os
import platform
from pathlib import Path

from portinfra.model.lease import Holder

NAME_MAX = 250
"""The characters of a name as JSON escapes them: so many of a user and of a host fit into every record."""

_over: set[str] = set()
"""The runs that this very process has seen end."""


def this_run(attempt: str) -> Holder:
    """This process, as the holder of a lease for one run."""
    process = f"{os.getpid()}:{start_time(os.getpid())}:{attempt}"
    return Holder(shorten(_user()), shorten(platform.node()), machine_id(), process)


def shorten(name: str) -> str:
    """Return the beginning of a name that fits into every record."""
    while len(json.dumps(name)) > NAME_MAX:
        name = name[:-1]
    return name


def ended(holder: Holder) -> None:
    """The run of this process is over, however it ended."""
    _over.add(holder.process)


def same_machine(holder: Holder) -> bool:
    """Whether the holder ran on this boot of this machine, so that it can be looked up."""
    return holder.machine == machine_id()


def alive(holder: Holder) -> bool:
    """Whether a holder of this machine still runs."""
    if holder.process in _over:
        return False
    pid, started, _ = holder.process.split(":", 2)
    return start_time(int(pid)) in (started, UNTOLD)


UNTOLD = "untold"
"""The start of a process that runs, and of which this system tells no more."""


def start_time(pid: int) -> str | None:
    """When a process started, in clock ticks since boot; None where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return UNTOLD if _exists(pid) else None
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
    """One boot and one space of process ids: two containers of one machine do not see each other's."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return shorten(platform.node())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
