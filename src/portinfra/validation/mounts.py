"""Where volumes are mounted: at paths that are sound, differ, and hide no file of the operating system."""

import re
from collections.abc import Container, Iterator

from portinfra.model.finding import Finding
from portinfra.model.resources import Volume

MOUNT = re.compile(r"(/[A-Za-z0-9._-]+)+")

SYSTEM_TREES = ("bin", "boot", "dev", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys")
"""Folders at the root in which nothing can be mounted: the system or the kernel fills them."""

SYSTEM_PATHS = (
    "/etc/fstab",
    "/etc/ssh",
    "/etc/systemd",
    "/root",
    "/tmp",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/sbin",
    "/usr/share",
    "/var/lib/apt",
    "/var/lib/cloud",
    "/var/lib/dpkg",
    "/var/lib/rpm",
    "/var/lib/systemd",
    "/var/run",
)
"""What a host needs to start, to log in and to run cloud-init. A mount here, or above, hides it."""


def mount_findings(volume: Volume, repeated: Container[str], subject: str) -> Iterator[Finding]:
    """Return what is wrong with where a volume is mounted; `repeated` has the mounts of several volumes."""

    def wrong(rule: str, message: str, fix: str) -> Finding:
        return Finding(f"topology/{rule}", message, fix, subject=f"{subject}.mount", location=volume.location)

    if volume.mount and not is_mountable(volume.mount):
        fix = "Write an absolute path of letters, digits, '.', '_' and '-': '/var/lib/postgresql'."
        yield wrong("mount", f"{volume.mount!r} is no place to mount it", fix)
    elif hidden := _find_hidden_path(volume.mount):
        message = f"mounted at {volume.mount!r}, it would hide the operating system's {hidden}"
        yield wrong("mount", message, "Mount it at a path of its own: '/srv/data', '/var/lib/postgresql'.")
    if volume.mount and volume.mount.rstrip("/") in repeated:
        message = f"more than one volume of the role is mounted at {volume.mount!r}"
        yield wrong("duplicate-mount", message, "Mount each at a place of its own.")


def is_mountable(mount: str) -> bool:
    """Whether a volume can be mounted at this path."""
    parts = mount.split("/")
    return bool(MOUNT.fullmatch(mount)) and "." not in parts and ".." not in parts


def _find_hidden_path(mount: str) -> str:
    """Return a path of the operating system that a volume mounted there hides; empty where it hides none."""
    tree = mount.split("/")[1] if mount else ""
    if tree in SYSTEM_TREES:
        return f"/{tree}"
    return next((path for path in SYSTEM_PATHS if f"{path}/".startswith(f"{mount}/")), "") if mount else ""
