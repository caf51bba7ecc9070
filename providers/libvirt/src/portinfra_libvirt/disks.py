"""Disks: encrypted files in the environment's own pool, each with the libvirt secret that opens it.

A file's name begins with its owner's address and contains the attempt. So two runs never create the same
file. The secret's description holds what a name cannot.
"""

from typing import NamedTuple

from portinfra.model.address import Address, Scope
from portinfra_libvirt import marks, xml

GIB = 2**30

ENDING = ".qcow2"
SEED_ENDING = ".iso"
PART_ENDING = ".part"
"""A disk of another site after its transfer, under that site's passphrase, until it is encrypted again."""

UNFINISHED = "unfinished"
"""The word in the mark of a disk that does not have all of its contents.

Only such a disk may be created again.

If the file of any other disk is missing, a person may have moved it. Opening it then needs its secret.
"""


class File(NamedTuple):
    """The content of a file's name."""

    address: Address
    attempt: str
    ending: str


def pool_name(scope: Scope) -> str:
    """Return the name of the pool of a scope."""
    return scope.native_name("disks")


def directory(site_directory: str, scope: Scope) -> str:
    """Return the directory of a scope's files on each hypervisor."""
    return f"{site_directory.rstrip('/')}/{pool_name(scope)}"


def pool_document(site_directory: str, scope: Scope) -> str:
    """Return the pool in libvirt's XML."""
    name = pool_name(scope)
    return (
        f"<pool type='dir'><name>{name}</name><uuid>{marks.unique_id('pool', name)}</uuid>"
        f"<target><path>{xml.escape(directory(site_directory, scope))}</path>"
        "<permissions><mode>0711</mode></permissions></target></pool>"
    )


def file_name(address: Address, attempt: str, ending: str = ENDING) -> str:
    """Return the name of a new file. qemu-img accepts letters, digits, dots, dashes and underscores only."""
    return f"{address}.{attempt}{ending}"


def read(file: str) -> File | None:
    """Return the content of a file's name; None if the file is not ours."""
    for ending in (ENDING, SEED_ENDING, PART_ENDING):
        words = file.removesuffix(ending).split(".")
        if file.endswith(ending) and len(words) == 3:
            return File(Address(f"{words[0]}.{words[1]}"), words[2], ending)
    return None


def document(file: str, size: int, secret: str, backing: str = "") -> str:
    """Return an encrypted disk in libvirt's XML. With `backing`, it begins with the contents of that file."""
    below = (
        f"<backingStore><path>{xml.escape(backing)}</path><format type='qcow2'/></backingStore>"
        if backing
        else ""
    )
    return (
        f"<volume><name>{xml.escape(file)}</name><capacity unit='bytes'>{size}</capacity>"
        "<target><format type='qcow2'/><compat>1.1</compat><permissions><mode>0600</mode></permissions>"
        f"<encryption format='luks'><secret type='passphrase' uuid='{secret}'/></encryption></target>"
        f"{below}</volume>"
    )


def part_path(path: str) -> str:
    """Return the path of the partial file of a disk that is copied from another site."""
    return path.removesuffix(ENDING).removesuffix(PART_ENDING) + PART_ENDING


def plain_document(file: str, size: int) -> str:
    """Return a plain file for an upload, which only root may read."""
    return (
        f"<volume><name>{xml.escape(file)}</name><capacity unit='bytes'>{size}</capacity>"
        "<allocation>0</allocation>"
        "<target><format type='raw'/><permissions><mode>0600</mode></permissions></target></volume>"
    )


def secret_id(path: str) -> str:
    """Return the UUID of the secret that opens a file."""
    return marks.unique_id("secret", path)


def secret_document(path: str, said: str) -> str:
    """Return the secret in libvirt's XML, without its value."""
    return (
        "<secret ephemeral='no' private='no'>"
        f"<uuid>{secret_id(path)}</uuid><description>{xml.escape(said)}</description>"
        f"<usage type='volume'><volume>{xml.escape(path)}</volume></usage></secret>"
    )


def disk_element(path: str, target: str, bus: str, serial: str = "") -> str:
    """Return the disk as a device of a guest."""
    serial_element = f"<serial>{xml.escape(serial)}</serial>" if serial else ""
    return (
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/>"
        f"<source file={xml.quoteattr(path)}><encryption format='luks'>"
        f"<secret type='passphrase' uuid='{secret_id(path)}'/></encryption></source>"
        f"<target dev='{target}' bus='{bus}'/>{serial_element}</disk>"
    )
