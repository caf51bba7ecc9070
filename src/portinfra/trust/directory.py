"""The trust directory of an environment, on the machines of operators. It may be in version control.

| file | contents |
|---|---|
| `scope` | `payments/production` |
| `recipients` | the public keys of the operators, one a line, for age |
| `ca.key.age`, `enrolment.key.age` | private keys in PEM, encrypted |
| `enrolment.pub`, `ca.pem` | the public key of tokens, and the certificate of the authority |
| `opened` | the revision that began the record of used tokens |
| `revoked` | lines `HOST REVISION` |

`reopen` and `revoke` each begin a new revision of the directory: 1, 2, 3, … A token has the revision at which
it was signed. So the order of tokens and revocations depends on no clock.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from portinfra.command_text import command
from portinfra.trust.authority import Authority, Kind, PrivateKey, create_authority, private_pem
from portinfra.trust.errors import TrustError
from portinfra.trust.names import is_host
from portinfra.trust.sealed import decrypt, encrypt, recipient_of
from portinfra.trust.state import parse_revoked

IDENTITY = "age_identity"
"""The credential of an environment that names the file of an age identity."""


@dataclass(frozen=True)
class Directory:
    """A trust directory, and the age identity that decrypts its keys. None: only public files are read."""

    folder: Path
    scope: str
    identity: Path | None = None

    @property
    def environment(self) -> str:
        """The name of the environment."""
        return self.scope.partition("/")[2]

    def create(self, kind: Kind, now: datetime) -> None:
        """Create the keys and the authority, and the certificate last: an interrupted call may be repeated.

        Raises TrustError if the directory has an authority already.
        """
        if (self.folder / "ca.pem").exists():
            raise TrustError(
                f"{self.folder} has an authority already: {self.folder / 'ca.pem'}",
                fix="Name another directory in trust. A new authority would refuse the hosts of the old one.",
            )
        identity = self._needed_identity()
        self.folder.mkdir(parents=True, exist_ok=True)
        recipients = self.folder / "recipients"
        if not recipients.exists():
            recipients.write_text(f"{recipient_of(identity)}\n")
        authority, enrolment = create_authority(self.scope, kind, now), Ed25519PrivateKey.generate()
        (self.folder / "ca.key.age").write_bytes(encrypt(private_pem(authority.key), recipients))
        (self.folder / "enrolment.key.age").write_bytes(encrypt(private_pem(enrolment), recipients))
        for name in ("ca.key.age", "enrolment.key.age"):
            decrypt(self.folder / name, identity)  # the operator may have left their own key out
        (self.folder / "enrolment.pub").write_bytes(_pem(enrolment.public_key()) + b"\n")
        (self.folder / "scope").write_text(f"{self.scope}\n")
        (self.folder / "revoked").touch()
        self.reopen()
        certificate = self.folder / "ca.pem.new"
        certificate.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        certificate.rename(self.folder / "ca.pem")

    def read_revision(self) -> int:
        """Return the revision of the directory; 0 for a new one. Raises TrustError."""
        try:
            opened = int((self.folder / "opened").read_text())
        except FileNotFoundError:
            opened = 0
        return max(opened, *self._read_revoked().values(), 0)

    def reopen(self) -> None:
        """Begin a new record of used tokens. Tokens of earlier revisions do not count any more."""
        (self.folder / "opened").write_text(f"{self.read_revision() + 1}\n")

    def revoke(self, host: str) -> None:
        """Revoke all certificates and tokens that a host has. Raises TrustError for another kind of name."""
        self.raise_if_absent()
        if not is_host(host):
            raise TrustError(f"{host!r} is not the name of a host", fix="Name a host, such as web1.")
        revoked = {**self._read_revoked(), host: self.read_revision() + 1}
        text = "".join(f"{each} {revision}\n" for each, revision in sorted(revoked.items()))
        (self.folder / "revoked.new").write_text(text)
        (self.folder / "revoked.new").rename(self.folder / "revoked")

    def raise_if_absent(self) -> None:
        """Raise TrustError unless the directory has the authority of this scope."""
        if not (self.folder / "ca.pem").exists():
            raise TrustError(
                f"{self.folder} has no authority: there is no {self.folder / 'ca.pem'}",
                fix=f"Create it: {command('trust', 'init', self.environment)}.",
            )
        with suppress(FileNotFoundError):
            if (found := self._read("scope").decode().strip()) != self.scope:
                raise TrustError(
                    f"{self.folder} is the trust of {found}, and not of {self.scope}",
                    fix="Name a directory of its own for each environment.",
                )

    def read_certificate(self) -> x509.Certificate:
        """Return the certificate of the authority. Raises TrustError."""
        self.raise_if_absent()
        try:
            return x509.load_pem_x509_certificate(self._read("ca.pem"))
        except ValueError:
            raise TrustError(f"{self.folder / 'ca.pem'} is no certificate", fix="Restore the file.") from None

    def read_public_files(self) -> dict[str, bytes]:
        """Return the files that are no secret, by name. Raises TrustError."""
        self.read_certificate()
        return {name: self._read(name) for name in ("scope", "ca.pem", "enrolment.pub", "opened", "revoked")}

    def read_authority(self) -> Authority:
        """Return the authority with its private key. Raises TrustError."""
        certificate = self.read_certificate()
        key = _load(decrypt(self.folder / "ca.key.age", self._needed_identity()))
        if isinstance(key, Ed25519PrivateKey) or _pem(key.public_key()) != _pem(certificate.public_key()):
            raise TrustError(
                f"{self.folder / 'ca.key.age'} is not the key of ca.pem beside it", fix="Restore both files."
            )
        return Authority(key, certificate)

    def read_enrolment_key(self) -> Ed25519PrivateKey:
        """Return the private key of tokens. Raises TrustError."""
        self.raise_if_absent()
        key = _load(decrypt(self.folder / "enrolment.key.age", self._needed_identity()))
        if (
            not isinstance(key, Ed25519PrivateKey)
            or _pem(key.public_key()) != self._read("enrolment.pub").strip()
        ):
            raise TrustError(
                f"{self.folder / 'enrolment.key.age'} is not the key of enrolment.pub beside it",
                fix="Restore both files.",
            )
        return key

    def _read_revoked(self) -> dict[str, int]:
        return parse_revoked(self._read("revoked").decode())

    def _needed_identity(self) -> Path:
        if self.identity is None:
            raise TrustError(
                f"the keys in {self.folder} are encrypted, and the environment names no identity of age",
                fix="Write the file of an identity as age_identity into the credentials of the environment. "
                "age-keygen -o FILE makes one.",
            )
        return self.identity

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise TrustError(f"there is no file {self.folder / name}", fix="Restore the file.") from None


def open_directory(trust: str, credentials: Mapping[str, str], scope: str) -> Directory:
    """Return the directory of an environment, by its `trust` and its `credentials`. It reads no file."""
    identity = credentials.get(IDENTITY)
    return Directory(Path(trust).expanduser(), scope, Path(identity).expanduser() if identity else None)


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def _load(pem: bytes) -> Ed25519PrivateKey | PrivateKey:
    return load_pem_private_key(pem, None)  # type: ignore[return-value]


def _pem(public: PublicKeyTypes) -> bytes:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip()
