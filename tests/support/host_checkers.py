"""Real programs that judge the files of a host: HAProxy, with certificates, and nft."""

import os
import shutil
import subprocess
from pathlib import Path

from portinfra.hosts import haproxy, nftables

PROGRAMS = ("haproxy", "nft", "unshare")


def complaint_of(file, tls: Path, folder: Path) -> str:
    """Return what the checker of a file says against it; empty where it accepts it or the file has none."""
    path = folder / "new"
    path.write_text(file.content.replace(haproxy.TLS, str(tls)))
    if not file.check or file.path not in (haproxy.PATH, nftables.PATH):
        return ""
    command = [str(path) if word == "%" else word for word in file.check.split()]
    if file.path == nftables.PATH:  # nft reads the kernel's tables: those of a new network namespace
        command = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr or f"exit code {done.returncode}"


def is_possible() -> bool:
    """Whether this machine lets a test have a network namespace."""
    command = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "true"]
    has_it = shutil.which("unshare") is not None
    return has_it and subprocess.run(command, capture_output=True, check=False).returncode == 0
