"""Reading a disk of another site: its encrypted file, and the passphrase that opens it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import libvirt
from attrs import frozen

from portinfra.errors import NotFound, Unavailable
from portinfra_libvirt import sites
from portinfra_libvirt.actions.hypervisor import unless_gone
from portinfra_libvirt.connections import Connections


@frozen
class Original:
    """The disk, while its site is connected."""

    length: int
    """The size of its file, in bytes."""
    passphrase: bytes
    read: Callable[[int], bytes]
    """Returns the next bytes of its file, at most the given number; none at its end."""


@contextmanager
def elsewhere(site: str, path: str) -> Iterator[Original]:
    """Yield a disk by its site and path. One hypervisor of the site may be lost.

    Raises NotFound if no hypervisor has it, Unavailable if one that does not answer may have it, or
    libvirtError.
    """
    connections, failures = Connections(found := sites.find(site)), []
    try:
        for each in found.hypervisors:
            try:
                connection = connections.to(each.name)
                volume = _volume(connection, path)
            except (libvirt.libvirtError, Unavailable) as error:
                failures.append(f"{each.name}: {error}")
                continue
            if volume is not None:
                secret = connection.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, path)
                yield _original(connection, volume, secret.value())
                return
    finally:
        connections.close()
    if failures:
        raise Unavailable(
            f"no answering hypervisor of the site {site} has the disk {path}; {'; '.join(failures)}",
            provider="libvirt",
            fix="Start that hypervisor or pool again, or use a copy of the disk on another site.",
        )
    raise NotFound(f"the site {site} has no disk {path}", provider="libvirt")


def _volume(connection: Any, path: str) -> Any:
    """Return the disk of a hypervisor; None if it has no such disk.

    Raises Unavailable if it has the disk's secret, and no active pool lists the disk's directory.
    """
    with unless_gone(libvirt.VIR_ERR_NO_STORAGE_VOL):
        return connection.storageVolLookupByPath(path)
    if _is_unlisted(connection, path):
        raise Unavailable("no active pool lists its directory", provider="libvirt")
    return None


def _is_unlisted(connection: Any, path: str) -> bool:
    """Return whether a hypervisor has a disk's secret, and no active pool that lists the disk's directory."""
    with unless_gone(libvirt.VIR_ERR_NO_SECRET):
        connection.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, path)
        with unless_gone(libvirt.VIR_ERR_NO_STORAGE_POOL):
            connection.storagePoolLookupByTargetPath(path.rpartition("/")[0])
            return False
        return True
    return False


def _original(connection: Any, volume: Any, passphrase: bytes) -> Original:
    length = volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
    stream = connection.newStream(0)
    volume.download(stream, 0, length, 0)
    left = length

    def read(wanted: int) -> bytes:
        nonlocal left
        if not left:
            return b""
        piece: bytes = stream.recv(min(wanted, left))
        left -= len(piece)
        if not left:
            stream.finish()
        return piece

    return Original(length, passphrase, read)
