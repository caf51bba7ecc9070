"""The installation of the forwarding hook on a hypervisor."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from portinfra_libvirt import hook


def command(uri: str) -> str:
    """Return the command that installs the hook on a hypervisor and restarts its daemon.

    Guests keep running.
    """
    parts = urlsplit(uri)
    source = hook.__file__
    to = f"{hook.PLACE} && systemctl restart libvirtd"
    if not parts.hostname:
        return f"install -D -m 755 {source} {to}"
    # Files are copied by SSH, whatever transport libvirt uses. Only a URI of SSH names the user and port for
    # it.
    by_ssh = "ssh" in parts.scheme
    port = f"-p {parts.port} " if by_ssh and parts.port else ""
    user = (by_ssh and parts.username) or "root"
    return f"ssh {port}{user}@{parts.hostname} 'install -D -m 755 /dev/stdin {to}' < {source}"


def problem(place: Path = hook.PLACE) -> str:
    """Return what is wrong with the hook of this machine; empty if nothing is."""
    try:
        installed = place.read_bytes()
    except OSError:
        return f"{place} does not exist"
    if installed != Path(hook.__file__).read_bytes():
        return f"{place} has another version"
    return "" if os.access(place, os.X_OK) else f"{place} is not executable"
