"""Which process holds a claim, and whether it still lives: asked of this machine only."""

import getpass
import os
import platform
import threading
from pathlib import Path

from portinfra.model.claim import Holder

_over: set[str] = set()
"""The runs that this very process has seen end."""

_lock = threading.Lock()


def this_run(attempt: str) -> Holder:
    """This process, as the holder of a claim for one run."""
    process = f"{os.getpid()}:{_started(os.getpid())}:{attempt}"
    return Holder(_user(), platform.node(), _machine(), process)


def ended(holder: Holder) -> None:
    """The run of this process is over, however it ended."""
    with _lock:
        _over.add(holder.process)


def same_machine(holder: Holder) -> bool:
    """Whether the holder ran on this boot of this machine, so that it can be looked up."""
    return holder.machine == _machine()


def alive(holder: Holder) -> bool:
    """Whether a holder of this machine still runs."""
    if holder.process in _over:
        return False
    pid, started, _ = holder.process.split(":", 2)
    return _started(int(pid)) == started != ""


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _started_elsewhere(pid)
    return "" if fields[0] in "ZX" else fields[19]


def _started_elsewhere(pid: int) -> str:
    """Without /proc: whether there is such a process at all."""
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "running"


def _machine() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return platform.node()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
