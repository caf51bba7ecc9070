"""Changes of disks: encrypted files in the scope's pool, the secrets that open them, and seeds."""

import io
import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import libvirt

from portinfra.errors import AlreadyExists, Conflict, InvalidRequest, NotFound
from portinfra.model.address import Scope
from portinfra_libvirt import disks, marks, seed, xml
from portinfra_libvirt.actions import pools
from portinfra_libvirt.actions.guests import disks_of, open_files
from portinfra_libvirt.actions.hypervisor import Action, Hand, unless_gone
from portinfra_libvirt.actions.other_sites import elsewhere
from portinfra_libvirt.keys import passphrase

POLL_SECONDS = 0.1


def create_disk(
    hand: Hand, scope: str, path: str, said: str, key: str | None, bytes: int, image: str = ""
) -> None:
    """Create an encrypted disk: blank, or on top of an image."""
    backing = _image(hand, image) if image else ""
    pool = pools.ensure(hand, Scope.parse(scope), path)
    _begin(hand, path, said, passphrase(key, hand.site.keys))
    with hand.queue.making(pool):
        pool.createXML(disks.document(_file(path), bytes, disks.secret_id(path), backing), 0)
    _secret(hand, path, said)


def copy_disk(hand: Hand, scope: str, path: str, said: str, key: str | None, bytes: int, source: str) -> None:
    """Create an encrypted disk with the contents of another, under a secret of its own.

    If a running guest has the other, the copy has the contents of this moment, and the guest keeps running.
    """
    pool = pools.ensure(hand, Scope.parse(scope), path)
    holder = _holder(hand, source)
    original = None if holder else hand.connection.storageVolLookupByPath(source)
    _begin(hand, path, said, passphrase(key, hand.site.keys))
    document = disks.document(_file(path), bytes, disks.secret_id(path))
    if original is not None:
        with hand.queue.making(pool):
            copy = pool.createXMLFrom(document, original, 0)
        if copy.info()[1] < bytes:
            copy.resize(bytes)
    else:
        with hand.queue.making(pool):
            pool.createXML(document, 0)
        _back_up(holder, source, path)
    _secret(hand, path, said)


def import_disk(
    hand: Hand, scope: str, path: str, said: str, key: str | None, site: str, source: str
) -> None:
    """Copy a disk from another site, and encrypt it again. The transfer has the encrypted file."""
    pool, part = pools.ensure(hand, Scope.parse(scope), path), disks.part_path(path)
    value = passphrase(key, hand.site.keys)
    _raise_if_finished(hand, path)
    with elsewhere(site, source) as original:
        _begin(hand, part, said, original.passphrase)
        size = original.length
        with hand.queue.making(pool):
            uploaded = pool.createXML(disks.plain_document(_file(part), size), 0)
        _upload(hand, uploaded, size, original.read)
    with hand.queue.refreshing(pool):
        pool.refresh(0)  # libvirt now sees that it is qcow2, which its secret opens
    copied = pool.storageVolLookupByName(_file(part))
    size = copied.info()[1]
    _begin(hand, path, said, value)
    with hand.queue.making(pool):
        pool.createXMLFrom(disks.document(_file(path), size, disks.secret_id(path)), copied, 0)
    _delete(hand, part)
    _secret(hand, path, said)


def define_secret(hand: Hand, path: str, said: str, key: str) -> None:
    """Define the secret of a disk again, with the passphrase of its key.

    Raises InvalidRequest if that passphrase does not open the disk; then there is no secret, as before. A
    disk that a running guest holds open cannot be tested.
    """
    value = passphrase(key, hand.site.keys)
    with hand.lock:
        with unless_gone(libvirt.VIR_ERR_NO_SECRET):
            hand.connection.secretLookupByUUIDString(disks.secret_id(path))
            raise AlreadyExists(f"the secret of the disk {path} exists already", provider="libvirt")
        _secret(hand, path, said, value)
        if _guest_with(hand, path, open_files) is not None:
            return
        volume = hand.connection.storageVolLookupByPath(path)
        try:
            volume.resize(volume.info()[1], 0)  # qemu-img opens the disk for that, and changes nothing
        except libvirt.libvirtError as error:
            hand.connection.secretLookupByUUIDString(disks.secret_id(path)).undefine()
            if "Invalid password" not in str(error):
                raise
            raise InvalidRequest(
                f"the passphrase of the key {key!r} does not open {path}",
                provider="libvirt",
                fix="Declare the key with which the disk was created.",
            ) from error


def own_disk(hand: Hand, path: str, said: str) -> None:
    """Rewrite the mark in a disk's secret."""
    _secret(hand, path, said)


def grow_disk(hand: Hand, scope: str, path: str, bytes: int) -> None:
    """Make a disk larger, also under its running guest."""
    holder = _holder(hand, path)
    if holder is None:
        hand.connection.storageVolLookupByPath(path).resize(bytes, 0)
    else:
        holder.blockResize(path, bytes, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
        pool = pools.ensure(hand, Scope.parse(scope), path)
        with hand.queue.refreshing(pool):
            pool.refresh(0)


def delete_disk(hand: Hand, scope: str, path: str) -> None:
    """Delete a disk and its secret, whichever exists; after the last of them, delete the pool.

    Raises Conflict if a running guest holds the file open, and ProviderError if no active pool lists its
    directory.
    """
    ours = Scope.parse(scope)
    pools.raise_if_unlisted(hand.connection, ours, path)
    found = [_delete(hand, each) for each in (disks.part_path(path), path)]
    pools.drop_pool(hand, ours)
    if not any(found):
        raise NotFound(f"the disk {path} does not exist", provider="libvirt")


def write_seed(hand: Hand, scope: str, path: str, files: Mapping[str, str]) -> None:
    """Write the seed of a guest. It replaces an incomplete one."""
    data = seed.image(files)
    pool = pools.ensure(hand, Scope.parse(scope), path)
    _delete(hand, path)
    with hand.queue.making(pool):
        volume = pool.createXML(disks.plain_document(_file(path), len(data)), 0)
    _upload(hand, volume, len(data), io.BytesIO(data).read)
    with hand.queue.refreshing(pool):
        pool.refresh(0)


ACTIONS: Mapping[str, Action] = {
    "DefinePool": pools.define_pool,
    "DefineSecret": define_secret,
    "CreateDisk": create_disk,
    "CopyDisk": copy_disk,
    "ImportDisk": import_disk,
    "OwnDisk": own_disk,
    "GrowDisk": grow_disk,
    "DeleteDisk": delete_disk,
    "WriteSeed": write_seed,
}


def _begin(hand: Hand, path: str, said: str, value: bytes) -> None:
    """Define the secret of a new disk, with the mark that it is unfinished.

    It deletes what an ended run left of the same disk.
    """
    _raise_if_finished(hand, path)
    _delete(hand, path)
    unfinished = {**json.loads(said), "file": _file(path), disks.UNFINISHED: True}
    _secret(hand, path, marks.to_text(unfinished), value)


def _raise_if_finished(hand: Hand, path: str) -> None:
    """Raise AlreadyExists for a finished disk, also if its file was moved: a new passphrase would lock its
    data.
    """
    try:
        secret = hand.connection.secretLookupByUUIDString(disks.secret_id(path))
        said = marks.parse_mark(xml.text(xml.parse(secret.XMLDesc()), "description"))
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SECRET:
            raise
        with unless_gone(libvirt.VIR_ERR_NO_STORAGE_VOL):
            hand.connection.storageVolLookupByPath(path)
            raise AlreadyExists(f"the disk {path} exists already", provider="libvirt") from None
        return
    if not said.get(disks.UNFINISHED):
        raise AlreadyExists(f"the secret of the disk {path} exists already", provider="libvirt")


def _upload(hand: Hand, volume: Any, size: int, read: Callable[[int], bytes]) -> None:
    stream = hand.connection.newStream(0)
    volume.upload(stream, 0, size, 0)
    stream.sendAll(lambda _, wanted, __: read(wanted), None)
    stream.finish()


def _delete(hand: Hand, path: str) -> bool:
    """Delete a file and its secret; return whether either existed.

    Every deletion of a file uses this function. Raises Conflict if a running guest holds the file open.
    """
    file = secret = None
    with unless_gone(libvirt.VIR_ERR_NO_STORAGE_VOL):
        file = hand.connection.storageVolLookupByPath(path)
    with unless_gone(libvirt.VIR_ERR_NO_SECRET):
        secret = hand.connection.secretLookupByUUIDString(disks.secret_id(path))
    if file is None and secret is None:
        return False
    if (guest := _guest_with(hand, path, open_files)) is not None:
        raise Conflict(
            f"{path} cannot be deleted: the guest {guest.name()} runs and holds it open",
            provider="libvirt",
            fix=f"Stop that guest, or detach the disk from it: virsh detach-disk {guest.name()} {path}",
        )
    if file is not None:
        with unless_gone(libvirt.VIR_ERR_NO_STORAGE_VOL):
            file.delete(0)
    if secret is not None:
        with unless_gone(libvirt.VIR_ERR_NO_SECRET):
            secret.undefine()
    return True


def _holder(hand: Hand, path: str) -> Any:
    """Return the running guest of any scope that has a file as a disk; None if there is none."""
    return _guest_with(hand, path, lambda domain: dict(disks_of(domain, 0)))


def _guest_with(hand: Hand, path: str, files: Callable[[Any], Collection[str]]) -> Any:
    """Return the first running guest that has a path among its files; None if there is none."""
    for domain in hand.connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        with unless_gone(libvirt.VIR_ERR_NO_DOMAIN):
            if path in files(domain):
                return domain
    return None


def _secret(hand: Hand, path: str, said: str, value: bytes | None = None) -> None:
    secret = hand.connection.secretDefineXML(disks.secret_document(path, said))
    if value is not None:
        secret.setValue(value, 0)


def _image(hand: Hand, image: str) -> str:
    pool = hand.connection.storagePoolLookupByName(hand.site.images)
    return str(pool.storageVolLookupByName(image).path())


def _back_up(domain: Any, source: str, path: str) -> None:
    """Push the current contents of a guest's disk into an existing file, and wait for the end."""
    reuse = libvirt.VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL
    domain.backupBegin(_backup(domain, source, path), None, reuse)
    while domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
        time.sleep(POLL_SECONDS)
    done = domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    if not done.get("success", True):
        reason = done.get("errmsg", "libvirt gives no reason")
        raise Conflict(f"the backup of {source} failed: {reason}", provider="libvirt")


def _backup(domain: Any, source: str, path: str) -> str:
    """Return a backup of one disk, pushed into an existing file."""
    elements = []
    for each, target in disks_of(domain, 0):
        if each != source:
            elements.append(f"<disk name='{target}' backup='no'/>")
            continue
        elements.append(
            f"<disk name='{target}' type='file' backup='yes'><driver type='qcow2'/>"
            f"<target file={xml.quoteattr(path)}><encryption format='luks'>"
            f"<secret type='passphrase' uuid='{disks.secret_id(path)}'/></encryption></target></disk>"
        )
    return f"<domainbackup mode='push'><disks>{''.join(elements)}</disks></domainbackup>"


def _file(path: str) -> str:
    return path.rpartition("/")[2]
