"""The folder of the host that signs: keys, the record of used tokens, and issued certificates.

`used/HOST.CREATION` is a used token: the certificate that its request got or, where Puppet Server issues it,
its revision.
`issued/HOST.SERIAL.REVISION` is a certificate. The revision is that of the token which began it.
"""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from portinfra.trust.errors import Refusal, TrustError
from portinfra.trust.policy import EnrolmentKey, UsedTokens
from portinfra.trust.request import public_pem
from portinfra.trust.token import Token

FOLDER = Path("/var/lib/portinfra/trust")


@dataclass(frozen=True)
class _Marks:
    folder: Path

    def get(self, id: str, /) -> bytes | None:
        try:
            return key_of_mark((self.folder / id).read_bytes())
        except FileNotFoundError:
            return None


@dataclass(frozen=True)
class State:
    """The folder, which `trust bundle` fills."""

    folder: Path = FOLDER

    def read_key(self) -> EnrolmentKey:
        """Return the key of tokens. Raises TrustError."""
        try:
            public = load_pem_public_key((self.folder / "enrolment.pub").read_bytes())
        except ValueError:
            raise TrustError(f"{self.folder / 'enrolment.pub'} is no public key", fix=_AGAIN) from None
        if not isinstance(public, Ed25519PublicKey):
            raise TrustError(f"{self.folder / 'enrolment.pub'} is no Ed25519 key", fix=_AGAIN)
        return EnrolmentKey((self.folder / "scope").read_text().strip(), public)

    def read_name(self) -> str:
        """Return the name by which clients know this host; empty: its hostname."""
        file = self.folder / "name"
        return file.read_text().strip() if file.exists() else ""

    def read_used(self) -> UsedTokens | None:
        """Return the record of used tokens; None if it is lost."""
        used = self.folder / "used"
        try:
            opened = int((self.folder / "opened").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return UsedTokens(opened, _Marks(used), self.read_revoked()) if used.is_dir() else None

    def read_revoked(self) -> dict[str, int]:
        """Return the revision of the trust directory that revoked each host."""
        return parse_revoked((self.folder / "revoked").read_text())

    def read_uses(self, host: str) -> list[tuple[float, int]]:
        """Return when tokens of a host were used, in seconds since 1970 by this machine, and their revisions.

        It is for Puppet Server, whose certificates have no revision.
        """
        marks = (self.folder / "used").glob(f"{host}.*")
        return sorted((mark.stat().st_mtime, _revision_in(mark.read_bytes())) for mark in marks)

    def use(self, token: Token, certificate: bytes = b"") -> bytes | None:
        """Mark a token as used for ever, by the certificate in PEM that its request gets, or by `revision N`.

        Return None, or the mark that another request made first. The mark is on the disk when this returns,
        and no crash leaves a part of it. Raises Refusal if the record of used tokens is lost.
        """
        used = self.folder / "used"
        try:
            _create(used / token.id, certificate)
        except FileExistsError:
            return (used / token.id).read_bytes()
        except FileNotFoundError:
            raise Refusal("the record of used tokens is lost: an operator has to reopen it") from None
        return None

    def record(self, host: str, certificate: x509.Certificate, revision: int) -> None:
        """Keep an issued certificate, so that it can be revoked. It is on the disk when this returns."""
        issued = self.folder / "issued"
        issued.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            file = issued / f"{host}.{certificate.serial_number:x}.{revision}"
            _create(file, certificate.public_bytes(Encoding.PEM))

    def revision_of(self, host: str, serial: int) -> int:
        """Return the revision of an issued certificate; 0 where that is not known."""
        known = {file.name.split(".")[1]: revision for file, revision in self._list_issued(host)}
        return known.get(f"{serial:x}", 0)

    def read_issued(self, host: str, before: int) -> list[x509.Certificate]:
        """Return the certificates of a host that were ever issued to it before a revision."""
        files = [file for file, revision in self._list_issued(host) if revision < before]
        return [x509.load_pem_x509_certificate(file.read_bytes()) for file in files]

    def _list_issued(self, host: str) -> list[tuple[Path, int]]:
        """Return the files of a host's certificates, with their revisions."""
        files = sorted((self.folder / "issued").glob(f"{host}.*"))
        return [(file, int([*file.name.split("."), "0"][2])) for file in files]  # earlier versions wrote none


def key_of_mark(mark: bytes) -> bytes:
    """Return the public key of the certificate in a mark, in PEM; empty if it has none."""
    is_certificate = mark.startswith(b"-----BEGIN")
    return public_pem(x509.load_pem_x509_certificate(mark)) if is_certificate else b""


def _revision_in(mark: bytes) -> int:
    """Return the revision in the mark of a token for Puppet Server; 0 for another mark."""
    return int(mark.split()[1]) if mark.startswith(b"revision ") else 0


def _create(file: Path, text: bytes) -> None:
    """Create a file that is whole and on the disk from its first moment. Raises FileExistsError."""
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(text)
            made.flush()
            os.fsync(made.fileno())
        os.link(name, file)
    finally:
        Path(name).unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


_AGAIN = "Copy the bundle of the environment to this host again."


def parse_revoked(text: str) -> dict[str, int]:
    """Return the hosts in lines `HOST REVISION`, with the last revision of each."""
    lines = sorted((int(revision), host) for host, revision in map(str.split, text.splitlines()))
    return {host: revision for revision, host in lines}
