"""How the hook that forwards gets to a hypervisor."""

import os
import re
from pathlib import Path

from portinfra_libvirt import hook


def command(uri: str) -> str:
    """The command that brings the hook to a hypervisor, and has its daemon find it. Guests go on."""
    machine = re.match(r"\w+\+ssh://([^/:]+)(?::(\d+))?", uri)
    source = hook.__file__
    to = f"{hook.PLACE} && systemctl restart libvirtd"
    if machine:
        port = f"-p {machine[2]} " if machine[2] else ""
        return f"ssh {port}{machine[1]} 'install -D -m 755 /dev/stdin {to}' < {source}"
    return f"install -D -m 755 {source} {to}"


def lacking(place: Path = hook.PLACE) -> str:
    """What is wrong with the hook of this machine; empty: nothing."""
    try:
        there = place.read_bytes()
    except OSError:
        return f"there is no {place}"
    if there != Path(hook.__file__).read_bytes():
        return f"{place} is of another version"
    return "" if os.access(place, os.X_OK) else f"{place} cannot be run"
