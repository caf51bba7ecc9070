"""The list of revoked certificates of a Puppet Server.

`puppetserver ca revoke` revokes only the last certificate of a name, so certificates of replaced hosts would
stay valid. Here, all count that began before the operator revoked their host, as with EST.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from portinfra.trust.authority import AUTHORITY_DAYS, Authority, PrivateKey

_EARLIER = timedelta(days=1)
"""How much earlier a certificate of Puppet Server begins."""

_LINE = re.compile(r"0x([0-9A-Fa-f]+) (\S+)UTC \S+UTC /CN=(\S+)")
"""A line of the inventory: serial number, begin, end and subject."""


@dataclass(frozen=True)
class _Issued:
    """A certificate in the inventory."""

    serial_number: int
    host: str
    since: datetime


def revoke_on_server(folder: Path, revoked: dict[str, int], now: datetime) -> list[str]:
    """Add certificates of revoked hosts to the list in the `cadir` of a Puppet Server, which may run.

    `revoked` has until when the revoked certificates of each host began, in seconds since 1970. Return the
    hosts of added certificates.
    Raises OSError or ValueError for missing or wrong files.
    """
    file = folder / "ca_crl.pem"
    listed = list(x509.load_pem_x509_crl(file.read_bytes()))
    known = {each.serial_number for each in listed}
    added = [
        each
        for each in _read_inventory(folder)
        if each.since.timestamp() <= revoked.get(each.host, 0) and each.serial_number not in known
    ]
    if added:
        key = load_pem_private_key((folder / "ca_key.pem").read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((folder / "ca_crt.pem").read_bytes())
        made = Authority(cast(PrivateKey, key), certificate).revoke([*listed, *added], now, AUTHORITY_DAYS)
        _replace(file, made.public_bytes(Encoding.PEM))
    return sorted({each.host for each in added})


def _read_inventory(folder: Path) -> Iterator[_Issued]:
    for serial, begin, host in _LINE.findall((folder / "inventory.txt").read_text()):
        since = datetime.fromisoformat(begin).replace(tzinfo=UTC) + _EARLIER
        yield _Issued(int(serial, 16), host, since)


def _replace(file: Path, raw: bytes) -> None:
    """Replace a file in one step. Its owner stays, as Puppet Server reads it."""
    before = file.stat()
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(raw)
    new.chmod(before.st_mode & 0o777)
    if os.geteuid() == 0:
        os.chown(new, before.st_uid, before.st_gid)
    new.rename(file)
