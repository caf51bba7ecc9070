"""A scope's pool: the directory of its disks on a hypervisor.

It is created with the first disk, and deleted with the last. A run may have ended at any moment between.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

import libvirt

from portinfra.errors import ProviderError
from portinfra.model.address import Scope
from portinfra.provider.interface import Answer
from portinfra_libvirt import disks, marks, xml
from portinfra_libvirt.actions.hypervisor import Hand, unless_gone
from portinfra_libvirt.errors import to_provider_error
from portinfra_libvirt.listing import explain_unlisted


def find(connection: Any, scope: Scope, directory: str) -> Any:
    """Return the scope's pool, active or not; None if none is defined.

    It is the pool with the scope's name; else the pool that lists the scope's directory under another name.
    """
    with unless_gone(libvirt.VIR_ERR_NO_STORAGE_POOL):
        return connection.storagePoolLookupByName(disks.pool_name(scope))
    for pool in connection.listAllStoragePools():
        with unless_gone(libvirt.VIR_ERR_NO_STORAGE_POOL):
            if _directory(pool) == directory:
                return pool
    return None


def describe(scope: Scope, pool: Any) -> dict[str, str]:
    """Return the name, state and directory of a scope's pool, for `listing.explain_unlisted`."""
    if pool is None:
        return {"name": disks.pool_name(scope), "state": "undefined", "directory": ""}
    state = "active" if pool.isActive() else "inactive"
    return {"name": pool.name(), "state": state, "directory": _directory(pool)}


def ensure(hand: Hand, scope: Scope, path: str) -> Any:
    """Return the scope's pool, which lists the directory of `path`. Define and start it if needed.

    Raises ProviderError if the pool lists another directory, and if the scope has disks with data and the
    pool would not list the first of them.
    """
    with hand.lock:
        pool = find(hand.connection, scope, _folder(path))
        if pool is None or not pool.isActive():
            for each in sorted(_disks_with_data(hand.connection, scope))[:1]:
                define_pool(hand, str(scope), each)
                pool = find(hand.connection, scope, _folder(path))
        if pool is not None and pool.isActive():
            _raise_for(hand.connection, scope, path)
            return pool
        if pool is None:
            pool = _define(hand, scope, path)
        pool.build(0)
        pool.setAutostart(1)  # before it has a disk: after the next boot, an inactive pool hides its disks
        pool.create()
        return pool


def define_pool(hand: Hand, scope: str, path: str) -> Answer:
    """Define and start a pool that was removed or stopped, so that it lists a disk again.

    Return the size of that disk in `bytes`. It creates no directory. Raises ProviderError if the pool does
    not list the disk, for example because its file system is not mounted. Then the pool is as before, and the
    disk stays unknown.
    """
    ours = Scope.parse(scope)
    with hand.lock:
        pool = find(hand.connection, ours, _folder(path))
        was_defined, was_active = pool is not None, pool is not None and pool.isActive()
        if pool is None:
            pool = _define(hand, ours, path)
        try:
            if not was_active:
                pool.create()
            else:
                with hand.queue.refreshing(pool):
                    pool.refresh(0)
            size = pool.storageVolLookupByName(PurePosixPath(path).name).info()[1]
        except libvirt.libvirtError as error:
            if not was_active and pool.isActive():
                pool.destroy()
            if not was_defined:
                pool.undefine()
            if to_provider_error(error).temporary:
                raise
            raise ProviderError(
                f"the pool {disks.pool_name(ours)} cannot list {path}: {error.get_error_message()}",
                provider="libvirt",
                fix="Mount the file system of the disk, or restore the file. Then run the same command "
                "again.",
            ) from error
        pool.setAutostart(1)
    return {"bytes": str(size)}


def raise_if_unlisted(connection: Any, scope: Scope, path: str) -> None:
    """Raise ProviderError if a disk has data and no active pool lists its directory."""
    if path in _disks_with_data(connection, scope):
        _raise_for(connection, scope, path)


def _raise_for(connection: Any, scope: Scope, path: str) -> None:
    """Raise ProviderError if no active pool lists the directory of a path."""
    pool = describe(scope, find(connection, scope, _folder(path)))
    problem = explain_unlisted(pool, path, connection.getHostname())
    if problem is not None:
        raise ProviderError(problem.reason, provider="libvirt", fix=problem.fix)


def drop_pool(hand: Hand, scope: Scope) -> None:
    """Undefine the scope's pool if it is empty. A pool of another name does not belong to the scope."""
    with hand.lock:
        pool = find(hand.connection, scope, disks.directory(hand.site.directory, scope))
        if pool is None or pool.name() != disks.pool_name(scope) or any(_secrets(hand.connection, scope)):
            return
        if pool.isActive():
            if pool.numOfVolumes():
                return
            pool.destroy()
        with suppress(libvirt.libvirtError):  # the directory may be gone, or contain other files
            pool.delete(0)
        pool.undefine()


def _define(hand: Hand, scope: Scope, path: str) -> Any:
    site_directory = str(PurePosixPath(path).parents[1])
    return hand.connection.storagePoolDefineXML(disks.pool_document(site_directory, scope))


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _directory(pool: Any) -> str:
    """Return the directory of a pool's files; empty for a pool that is not a directory."""
    return xml.text(xml.parse(pool.XMLDesc()), "target/path").rstrip("/")


def _secrets(connection: Any, scope: Scope) -> Iterator[Any]:
    """Return the secrets of disks in the scope's pool."""
    folder = f"/{disks.pool_name(scope)}/"
    return (each for each in connection.listAllSecrets() if folder in (each.usageID() or ""))


def _disks_with_data(connection: Any, scope: Scope) -> set[str]:
    """Return the paths of the scope's finished disks, by the secrets that open them."""
    found = set()
    for secret in _secrets(connection, scope):
        with unless_gone(libvirt.VIR_ERR_NO_SECRET):
            said = marks.parse_mark(xml.text(xml.parse(secret.XMLDesc()), "description"))
            if not said.get(disks.UNFINISHED):
                found.add(secret.usageID())
    return found
