"""The certificate authority of an environment: it signs certificates of hosts and the list of revoked ones.

It may sign no other authority (path length 0). Its certificates have no name constraints, as hosts have names
without a domain. Puppet Server and step-ca issue them in the same way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:  # cryptography 38 has no such names
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

Kind = Literal["est", "puppet"]
"""The program that signs: portinfra's own server, or Puppet Server, which needs a key of RSA."""

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

AUTHORITY_DAYS = 3650
HOST_DAYS = 30
WARNING_DAYS = 90
"""How long before its end a warning names the authority."""

_EARLIER = timedelta(minutes=5)
"""How much earlier a certificate begins, for hosts whose clock is behind."""

_MUCH_EARLIER = timedelta(days=2)
"""How much earlier an authority begins: an operator creates it, whose clock may be ahead."""


class HasSerial(Protocol):
    """A certificate, or an entry of a list of revoked ones."""

    @property
    def serial_number(self) -> int:
        """The number that the authority gave it."""


@dataclass(frozen=True)
class Authority:
    """The key and the certificate of an authority."""

    key: PrivateKey
    certificate: x509.Certificate

    def issue(
        self, host: str, public: "CertificatePublicKeyTypes", now: datetime, days: int = HOST_DAYS
    ) -> x509.Certificate:
        """Return a certificate of a host, for its TLS servers and clients. Its only names are `host`."""
        builder = _builder(_name(host), self.certificate.subject, public, now, days)
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(signs_certificates=False), True),
            (x509.SubjectAlternativeName([x509.DNSName(host)]), False),
            (
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                False,
            ),
            (x509.SubjectKeyIdentifier.from_public_key(public), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.certificate.public_key()), False),  # type: ignore[arg-type]
        ]
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, SHA256())

    def revoke(
        self, certificates: Iterable["HasSerial"], now: datetime, days: int = HOST_DAYS
    ) -> x509.CertificateRevocationList:
        """Return the list of these revoked certificates. A program refuses everything after these days.

        Its number is the time in seconds, so a later list has a higher one.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - _EARLIER)
            .next_update(now + timedelta(days=days))
            .add_extension(x509.CRLNumber(int(now.timestamp())), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.certificate.public_key()),  # type: ignore[arg-type]
                False,
            )
        )
        for each in certificates:
            revoked = x509.RevokedCertificateBuilder().serial_number(each.serial_number)
            builder = builder.add_revoked_certificate(revoked.revocation_date(now).build())
        return builder.sign(self.key, SHA256())


def create_authority(scope: str, kind: Kind, now: datetime) -> Authority:
    """Return a new authority of an environment, which is valid for ten years."""
    key: PrivateKey
    if kind == "puppet":
        key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    else:
        key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{scope} CA"[:64])
    public = key.public_key()
    builder = _builder(name, name, public, now, AUTHORITY_DAYS, _MUCH_EARLIER)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    builder = builder.add_extension(_usage(signs_certificates=True), True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    return Authority(key, builder.sign(key, SHA256()))


def private_pem(key: PrivateKey | Ed25519PrivateKey) -> bytes:
    """Return a private key in PEM, as plain text."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def kind_of(certificate: x509.Certificate) -> Kind:
    """Return the program that the authority was made for."""
    return "puppet" if isinstance(certificate.public_key(), rsa.RSAPublicKey) else "est"


def common_name(certificate: x509.Certificate) -> str:
    """Return the name of the host of a certificate."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def end_of(certificate: x509.Certificate) -> datetime:
    """Return when a certificate ceases to be valid."""
    utc: datetime | None = getattr(certificate, "not_valid_after_utc", None)
    return utc or certificate.not_valid_after.replace(tzinfo=UTC)


def ends_soon(certificate: x509.Certificate, now: datetime) -> bool:
    """Return whether an authority ends within `WARNING_DAYS`."""
    return end_of(certificate) - now < timedelta(days=WARNING_DAYS)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: "CertificatePublicKeyTypes",
    now: datetime,
    days: int,
    earlier: timedelta = _EARLIER,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - earlier)
    return builder.not_valid_after(now + timedelta(days=days))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
