"""The upload of an image to the hypervisors of a site, into the pool of guests' images."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import libvirt

from portinfra.errors import AlreadyExists
from portinfra_libvirt import pool_images, xml
from portinfra_libvirt.actions.hypervisor import unless_gone
from portinfra_libvirt.connections import Connections
from portinfra_libvirt.images.files import Image
from portinfra_libvirt.site import Site

DIRECTORY = "/var/lib/libvirt"
PIECE = 2**20

Say = Callable[[str], object]


def place(image: Image, site: Site, say: Say) -> None:
    """Upload an image to every hypervisor that lacks it.

    It counts when it is complete, with its digest beside it.

    Raises AlreadyExists, before any upload, if a hypervisor has other contents under that name; libvirtError;
    Unavailable.
    """
    file = image.name + pool_images.ENDING
    with _pools(site) as pools:
        digests = {at: pool_images.whole(pool.listVolumes()).get(file) for at, (_, pool) in pools.items()}
        for at, digest in digests.items():
            if digest not in (None, image.sha256):
                raise _name_is_taken(at, image, digest or "")
        for at, (connection, pool) in pools.items():
            if digests[at] is not None:
                say(f"{at}: {file} exists already")
                continue
            say(f"{at}: uploading {file}")
            _upload(connection, pool, image, file)


def reach(site: Site) -> None:
    """Connect to every hypervisor, before any long step. Raises libvirtError or Unavailable."""
    with _connect_all(site):
        pass


@contextmanager
def _connect_all(site: Site) -> Iterator[dict[str, Any]]:
    """Yield the connections to all hypervisors of a site."""
    connections = Connections(site)
    try:
        yield {each.name: connections.to(each.name) for each in site.hypervisors}
    finally:
        connections.close()


@contextmanager
def _pools(site: Site) -> Iterator[dict[str, tuple[Any, Any]]]:
    """Yield hypervisor → its connection, and its pool of images."""
    with _connect_all(site) as connections:
        yield {at: (each, _pool(each, site.images)) for at, each in connections.items()}


def _name_is_taken(at: str, image: Image, digest: str) -> AlreadyExists:
    name = image.name.partition("@")[0]
    has = f"with the SHA-256 {digest}" if digest else "with an unknown SHA-256"
    return AlreadyExists(
        f"{at} has an image {image.name} {has}, and guests may use it; the new image has {image.sha256}",
        provider="libvirt",
        fix=f"Add a version to the name: --name {name}@VERSION. New guests use the new version.",
    )


def _pool(connection: Any, name: str) -> Any:
    with unless_gone(libvirt.VIR_ERR_NO_STORAGE_POOL):
        pool = connection.storagePoolLookupByName(name)
        if not pool.isActive():
            pool.create()
        pool.refresh(0)
        return pool
    pool = connection.storagePoolDefineXML(
        f"<pool type='dir'><name>{xml.escape(name)}</name>"
        f"<target><path>{DIRECTORY}/{xml.escape(name)}</path></target></pool>"
    )
    pool.build(0)
    pool.create()
    pool.setAutostart(1)
    return pool


def _upload(connection: Any, pool: Any, image: Image, file: str) -> None:
    """Upload the image under another name first. While that file exists, the image does not count.

    Guests may be created meanwhile, and a killed run leaves an incomplete file.
    """
    part = pool_images.part(file)
    for each in (file, *pool_images.digest_files(file, pool.listVolumes()), part):
        with unless_gone(libvirt.VIR_ERR_NO_STORAGE_VOL):
            pool.storageVolLookupByName(each).delete(0)
    size = image.path.stat().st_size
    uploaded = pool.createXML(_plain(part, size), 0)
    with image.path.open("rb") as data:
        stream = connection.newStream(0)
        uploaded.upload(stream, 0, size, 0)
        stream.sendAll(lambda _, wanted, opened: opened.read(min(wanted, PIECE)), data)
        stream.finish()
    pool.refresh(0)  # libvirt now sees that it is qcow2
    whole = (
        f"<volume><name>{xml.escape(file)}</name><capacity>{image.virtual_bytes}</capacity>"
        "<target><format type='qcow2'/><compat>1.1</compat></target></volume>"
    )
    pool.createXMLFrom(whole, pool.storageVolLookupByName(part), 0)
    pool.createXML(_plain(pool_images.digest_file(file, image.sha256), 0), 0)
    pool.storageVolLookupByName(part).delete(0)


def _plain(name: str, bytes: int) -> str:
    return f"<volume><name>{xml.escape(name)}</name><capacity>{bytes}</capacity></volume>"
