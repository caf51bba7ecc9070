"""How the hook that forwards gets to a hypervisor."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from portinfra_libvirt import hook


def command(uri: str) -> str:
    """The command that brings the hook to a hypervisor, and has its daemon find it. Guests go on."""
    parts = urlsplit(uri)
    source = hook.__file__
    to = f"{hook.PLACE} && systemctl restart libvirtd"
    if not parts.hostname:
        return f"install -D -m 755 {source} {to}"
    # Whatever libvirt is reached by, files go by SSH; what the URI says of that, only a URI of SSH does.
    by_ssh = "ssh" in parts.scheme
    port = f"-p {parts.port} " if by_ssh and parts.port else ""
    user = (by_ssh and parts.username) or "root"
    return f"ssh {port}{user}@{parts.hostname} 'install -D -m 755 /dev/stdin {to}' < {source}"


def lacking(place: Path = hook.PLACE) -> str:
    """What is wrong with the hook of this machine; empty: nothing."""
    try:
        there = place.read_bytes()
    except OSError:
        return f"there is no {place}"
    if there != Path(hook.__file__).read_bytes():
        return f"{place} is of another version"
    return "" if os.access(place, os.X_OK) else f"{place} cannot be run"
