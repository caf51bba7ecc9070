"""A scope's pool: the directory of its disks on a hypervisor. It comes with the first of them, and goes with
the last; a run may have died at any moment between.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import libvirt

from portinfra.errors import ProviderError
from portinfra.model.address import Scope
from portinfra_libvirt import disks, marks, xml
from portinfra_libvirt.actions.hand import Hand, unless_gone
from portinfra_libvirt.listing import unlisted


def find(connection: Any, scope: Scope) -> Any:
    """Return the scope's pool, active or not; None where none is defined."""
    with unless_gone(libvirt.VIR_ERR_NO_STORAGE_POOL):
        return connection.storagePoolLookupByName(disks.pool_name(scope))
    return None


def describe(scope: Scope, pool: Any) -> dict[str, str]:
    """Return the name, state and directory of a scope's pool, as `listing.unlisted` reads them."""
    name = disks.pool_name(scope)
    if pool is None:
        return {"name": name, "state": "undefined", "directory": ""}
    state = "active" if pool.isActive() else "inactive"
    return {"name": name, "state": state, "directory": xml.text(xml.parse(pool.XMLDesc()), "target/path")}


def ensure(hand: Hand, scope: Scope, path: str) -> Any:
    """Return the scope's pool, which lists the directory of `path`. Define and start it where the scope has
    no disk yet.

    Raises ProviderError where the pool lists another directory, and where the scope has disks that no active
    pool lists.
    """
    with hand.lock:
        pool = find(hand.connection, scope)
        if pool is not None and pool.isActive():
            _raise_for(hand.connection, scope, path)
            return pool
        for each in _disks_with_data(hand.connection, scope):
            _raise_for(hand.connection, scope, each)
        if pool is None:
            pool = hand.connection.storagePoolDefineXML(disks.pool_document(hand.site.directory, scope))
        pool.build(0)
        pool.setAutostart(1)  # before it has a disk: after the next boot, an inactive pool hides its disks
        pool.create()
        return pool


def raise_if_unlisted(connection: Any, scope: Scope, path: str) -> None:
    """Raise ProviderError where a disk has data and no active pool lists its directory."""
    if path in _disks_with_data(connection, scope):
        _raise_for(connection, scope, path)


def _raise_for(connection: Any, scope: Scope, path: str) -> None:
    """Raise ProviderError where no active pool lists the directory of a path."""
    problem = unlisted(describe(scope, find(connection, scope)), path, connection.getHostname())
    if problem is not None:
        raise ProviderError(problem.reason, provider="libvirt", fix=problem.fix)


def dropped(hand: Hand, scope: Scope) -> None:
    """Undefine the scope's pool if nothing is left in it."""
    with hand.lock:
        pool = find(hand.connection, scope)
        if pool is None or any(_secrets(hand.connection, scope)):
            return
        if pool.isActive():
            if pool.numOfVolumes():
                return
            pool.destroy()
        with suppress(libvirt.libvirtError):  # the directory may be gone, or have something else in it
            pool.delete(0)
        pool.undefine()


def _secrets(connection: Any, scope: Scope) -> Iterator[Any]:
    """The secrets of disks in the scope's pool."""
    folder = f"/{disks.pool_name(scope)}/"
    return (each for each in connection.listAllSecrets() if folder in (each.usageID() or ""))


def _disks_with_data(connection: Any, scope: Scope) -> set[str]:
    """The paths of the scope's finished disks, by the secrets that open them."""
    found = set()
    for secret in _secrets(connection, scope):
        with unless_gone(libvirt.VIR_ERR_NO_SECRET):
            said = marks.parsed(xml.text(xml.parse(secret.XMLDesc()), "description"))
            if not said.get(disks.UNFINISHED):
                found.add(secret.usageID())
    return found
