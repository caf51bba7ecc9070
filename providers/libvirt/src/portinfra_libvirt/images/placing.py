"""Bringing an image to the hypervisors of a site, into the pool from which guests are made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt

from portinfra_libvirt import xml
from portinfra_libvirt.actions.hand import unless_gone
from portinfra_libvirt.images.files import ENDING, Image
from portinfra_libvirt.site import Site

DIRECTORY = "/var/lib/libvirt"
PIECE = 2**20

Say = Callable[[str], object]


def place(image: Image, site: Site, say: Say) -> None:
    """Upload an image to every hypervisor that has none of its name. It appears there whole, or not at all.

    Raises libvirtError.
    """
    libvirt.registerErrorHandler(lambda *_: None, None)  # it would print what is expected, too
    file = image.name + ENDING
    for each in site.hypervisors:
        connection = libvirt.open(each.uri)
        try:
            pool = _pool(connection, site.images)
            if file in pool.listVolumes():
                say(f"{each.name}: {file} is there")
                continue
            say(f"{each.name}: uploading {file}")
            _upload(connection, pool, image.path, file, image.virtual_bytes)
        finally:
            connection.close()


def reach(site: Site) -> None:
    """Connect to every hypervisor, before anything takes its time. Raises libvirtError."""
    libvirt.registerErrorHandler(lambda *_: None, None)
    for each in site.hypervisors:
        libvirt.open(each.uri).close()


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


def _upload(connection: Any, pool: Any, source: Path, file: str, virtual_bytes: int) -> None:
    """Under another name first: guests may be made while it is on its way."""
    part = f"part-{file}"
    with unless_gone(libvirt.VIR_ERR_NO_STORAGE_VOL):
        pool.storageVolLookupByName(part).delete(0)
    size = source.stat().st_size
    raw = f"<volume><name>{xml.escape(part)}</name><capacity>{size}</capacity></volume>"
    uploaded = pool.createXML(raw, 0)
    with source.open("rb") as data:
        stream = connection.newStream(0)
        uploaded.upload(stream, 0, size, 0)
        stream.sendAll(lambda _, wanted, opened: opened.read(min(wanted, PIECE)), data)
        stream.finish()
    pool.refresh(0)  # it turns out to be qcow2
    whole = (
        f"<volume><name>{xml.escape(file)}</name><capacity>{virtual_bytes}</capacity>"
        "<target><format type='qcow2'/><compat>1.1</compat></target></volume>"
    )
    pool.createXMLFrom(whole, pool.storageVolLookupByName(part), 0)
    pool.storageVolLookupByName(part).delete(0)
