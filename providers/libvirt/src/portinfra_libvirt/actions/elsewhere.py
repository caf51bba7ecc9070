"""A disk of another site, to be read: as it lies there, encrypted, and the passphrase that opens it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import libvirt
from attrs import frozen

from portinfra.errors import NotFound
from portinfra_libvirt import sites
from portinfra_libvirt.actions.hand import unless_gone


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
    """A disk by its site and path. Raises NotFound, or libvirtError."""
    for hypervisor in sites.find(site).hypervisors:
        connection = libvirt.open(hypervisor.uri)
        try:
            with unless_gone(libvirt.VIR_ERR_NO_STORAGE_VOL):
                volume = connection.storageVolLookupByPath(path)
                usage = libvirt.VIR_SECRET_USAGE_TYPE_VOLUME
                secret = connection.secretLookupByUsage(usage, path)
                yield _original(connection, volume, secret.value())
                return
        finally:
            connection.close()
    raise NotFound(f"the site {site} has no disk {path}", provider="libvirt")


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
