"""A scope's pool: the directory of its disks on a hypervisor. It comes with the first of them, and goes with
the last; a run may have died at any moment between.
"""

from contextlib import suppress
from typing import Any

import libvirt

from portinfra.model.address import Scope
from portinfra_libvirt import disks
from portinfra_libvirt.actions.hand import Hand, unless_gone


def find(connection: Any, scope: Scope) -> Any:
    """The scope's pool, started; None where there is none, or nothing was ever in it.

    Raises libvirtError where it cannot be started and has disks: what is in it is not known then.
    """
    pool = _defined(connection, scope)
    if pool is None or pool.isActive():
        return pool
    try:
        pool.create()
    except libvirt.libvirtError:
        if _has_disks(connection, scope):
            raise
        return None
    return pool


def made(hand: Hand, scope: Scope) -> Any:
    """The scope's pool, made where it is not there."""
    with hand.lock:
        pool = find(hand.connection, scope)
        if pool is not None:
            return pool
        pool = hand.connection.storagePoolDefineXML(disks.pool_document(hand.site.directory, scope))
        pool.build(0)
        pool.create()
        pool.setAutostart(1)
        return pool


def dropped(hand: Hand, scope: Scope) -> None:
    """Undefine the scope's pool if nothing is left in it."""
    with hand.lock:
        pool = _defined(hand.connection, scope)
        if pool is None or _has_disks(hand.connection, scope):
            return
        if pool.isActive():
            if pool.numOfVolumes():
                return
            pool.destroy()
        with suppress(libvirt.libvirtError):  # the directory may be gone, or have something else in it
            pool.delete(0)
        pool.undefine()


def _defined(connection: Any, scope: Scope) -> Any:
    with unless_gone(libvirt.VIR_ERR_NO_STORAGE_POOL):
        return connection.storagePoolLookupByName(disks.pool_name(scope))
    return None


def _has_disks(connection: Any, scope: Scope) -> bool:
    """Whether there are secrets of disks that lie there."""
    folder = f"/{disks.pool_name(scope)}/"
    return any(folder in (secret.usageID() or "") for secret in connection.listAllSecrets())
