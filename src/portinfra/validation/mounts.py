"""Checks of mount points: they are valid, differ, and hide no file of the operating system."""

import re
from collections.abc import Container, Iterator

from portinfra.model.finding import Finding
from portinfra.model.resources import Volume

MOUNT = re.compile(r"(/[A-Za-z0-9._-]+)+")

SYSTEM_TREES = ("bin", "boot", "dev", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys")
"""Directories at the root that cannot contain a mount point: the system or the kernel fills them."""

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
"""What a host needs to start, to log in and to run cloud-init. A mount there, or above, hides it."""


def mount_findings(volume: Volume, repeated: Container[str], subject: str) -> Iterator[Finding]:
    """Yield what is wrong with the mount point of a volume. `repeated` has the mount points of several
    volumes.
    """

    def wrong(rule: str, message: str, fix: str) -> Finding:
        return Finding(f"topology/{rule}", message, fix, subject=f"{subject}.mount", location=volume.location)

    if volume.mount and not is_mountable(volume.mount):
        fix = "Write an absolute path of letters, digits, '.', '_' and '-': '/var/lib/postgresql'."
        yield wrong("mount", f"{volume.mount!r} is no valid mount point", fix)
    elif hidden := _find_hidden_path(volume.mount):
        message = f"mounted at {volume.mount!r}, it would hide the operating system's {hidden}"
        yield wrong("mount", message, "Mount it at a path of its own: '/srv/data', '/var/lib/postgresql'.")
    if volume.mount and volume.mount.rstrip("/") in repeated:
        message = f"more than one volume of the role is mounted at {volume.mount!r}"
        yield wrong("duplicate-mount", message, "Give each its own mount point.")


def is_mountable(mount: str) -> bool:
    """Return whether a volume can be mounted at this path."""
    parts = mount.split("/")
    return bool(MOUNT.fullmatch(mount)) and "." not in parts and ".." not in parts


def _find_hidden_path(mount: str) -> str:
    """Return a path of the operating system that a volume at this mount point hides; empty: it hides none."""
    tree = mount.split("/")[1] if mount else ""
    if tree in SYSTEM_TREES:
        return f"/{tree}"
    return next((path for path in SYSTEM_PATHS if f"{path}/".startswith(f"{mount}/")), "") if mount else ""
