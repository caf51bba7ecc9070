"""The list of revoked certificates of a Puppet Server.

`puppetserver ca revoke` revokes only the last certificate of a name, so certificates of replaced hosts would
stay valid. Here, all end that were signed by tokens of revisions before the revocation, as with EST.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from portinfra.trust.authority import AUTHORITY_DAYS, Authority, PrivateKey

_EARLIER = timedelta(days=1)
"""How much earlier a certificate of Puppet Server begins."""

_SIGNING_SECONDS = 10
"""How long after the use of its token Puppet Server signs a certificate, at most."""

_LINE = re.compile(r"0x([0-9A-Fa-f]+) (\S+)UTC \S+UTC /CN=(\S+)")
"""A line of the inventory: serial number, begin, end and subject."""


@dataclass(frozen=True)
class _Issued:
    """A certificate in the inventory."""

    serial_number: int
    host: str
    since: datetime


def revoke_on_server(
    folder: Path, revoked: Mapping[str, int], uses: Mapping[str, Sequence[tuple[float, int]]], now: datetime
) -> list[str]:
    """Add certificates of revoked hosts to the list in the `cadir` of a Puppet Server, which may run.

    `revoked` has the revision that revoked each host. `uses` has when the tokens of each were used, in
    seconds since 1970, and their revisions, in order. Return the hosts of added certificates.
    Raises OSError or ValueError for missing or wrong files.
    """
    file = folder / "ca_crl.pem"
    listed = list(x509.load_pem_x509_crl(file.read_bytes()))
    known = {each.serial_number for each in listed}
    added = [
        each
        for each in _read_inventory(folder)
        if each.host in revoked
        and _revision_of(each, uses.get(each.host, ())) < revoked[each.host]
        and each.serial_number not in known
    ]
    if added:
        key = load_pem_private_key((folder / "ca_key.pem").read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((folder / "ca_crt.pem").read_bytes())
        made = Authority(cast(PrivateKey, key), certificate).revoke([*listed, *added], now, AUTHORITY_DAYS)
        _replace(file, made.public_bytes(Encoding.PEM))
    return sorted({each.host for each in added})


def _revision_of(issued: _Issued, uses: Sequence[tuple[float, int]]) -> int:
    """Return the revision of the token that was used for a certificate; 0 where that is not known.

    Only the order of uses and certificates shows it. If it may be one of several tokens, the earliest
    revision counts: no former certificate stays.
    """
    since = issued.since.timestamp()
    earlier = [(used, revision) for used, revision in uses if used < since + 1]  # it begins at a full second
    possible = [revision for used, revision in earlier if used > since - _SIGNING_SECONDS]
    return min(possible or [revision for _, revision in earlier[-1:]] or [0])


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
