"""A certificate authority in memory that signs each request, for tests and demonstrations.

Use an authority of your own for real environments: this one does not protect its key.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from portinfra.value import frozen

DAYS = 2
"""The validity of certificates in days: longer than any test, and too short for real use."""


@frozen
class Certificate:
    """A certificate and its private key, both in PEM."""

    certificate: str
    key: str


@frozen
class Authority:
    """A certificate authority that ends with its process."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls) -> Self:
        """Return a new authority with a key of its own."""
        key = generate_private_key(SECP256R1())
        name = _name("portinfra tests")
        made = _builder(name, name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        return cls(key, made.sign(key, hashes.SHA256()))

    @property
    def pem(self) -> str:
        """The certificate of the authority, which hosts keep as `ca.pem`."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, host: str) -> Certificate:
        """Return a certificate for a host. Only its common name has the name of the host."""
        key = generate_private_key(SECP256R1())
        made = _builder(_name(host), self.certificate.subject, key)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        signed = made.sign(self.key, hashes.SHA256())
        return Certificate(
            signed.public_bytes(Encoding.PEM).decode(),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        )

    def write(self, folder: Path, host: str) -> Path:
        """Write the files of /etc/portinfra/tls of a host into a folder, and return the folder."""
        issued = self.issue(host)
        folder.mkdir(parents=True, exist_ok=True)
        files = {"host.pem": issued.certificate, "host.pem.key": issued.key, "ca.pem": self.pem}
        for name, text in files.items():
            (folder / name).write_text(text, encoding="ascii")
        return folder


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
    )
