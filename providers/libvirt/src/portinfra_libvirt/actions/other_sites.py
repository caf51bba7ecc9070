"""A disk of another site, to be read: as it lies there, encrypted, and the passphrase that opens it."""

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
    """Bytes of its file."""
    passphrase: bytes
    read: Callable[[int], bytes]
    """The next bytes of its file, so many at most; none at its end."""


@contextmanager
def elsewhere(site: str, path: str) -> Iterator[Original]:
    """A disk by its site and path: of the site, one hypervisor may be what is lost. Raises NotFound where no
    hypervisor has it, Unavailable where it may be on one that does not answer, or libvirtError.
    """
    connections, silent = Connections(found := sites.find(site)), []
    try:
        for each in found.hypervisors:
            try:
                connection = connections.to(each.name)
                volume = _volume(connection, path)
            except (libvirt.libvirtError, Unavailable) as error:
                silent.append(f"{each.name}: {error}")
                continue
            if volume is not None:
                secret = connection.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, path)
                yield _original(connection, volume, secret.value())
                return
    finally:
        connections.close()
    if silent:
        raise Unavailable(
            f"no hypervisor of the site {site} that answers has the disk {path}; {'; '.join(silent)}",
            provider="libvirt",
            fix="Bring that hypervisor or pool back, or take a copy of the disk that lies elsewhere.",
        )
    raise NotFound(f"the site {site} has no disk {path}", provider="libvirt")


def _volume(connection: Any, path: str) -> Any:
    """Return the disk of a hypervisor; None where it has no such disk. Raises Unavailable where it has the
    disk's secret, and no active pool lists the disk's directory.
    """
    with unless_gone(libvirt.VIR_ERR_NO_STORAGE_VOL):
        return connection.storageVolLookupByPath(path)
    if _is_unlisted(connection, path):
        raise Unavailable("no active pool lists its directory", provider="libvirt")
    return None


def _is_unlisted(connection: Any, path: str) -> bool:
    """Whether a hypervisor has the secret of a disk, and no active pool that lists the disk's directory."""
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
