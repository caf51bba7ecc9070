"""Certificate requests and tokens, correct ones and each kind of wrong one."""

from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from portinfra.trust.policy import EnrolmentKey
from portinfra.trust.request import CHALLENGE, PRESHARED
from portinfra.trust.token import VALID_SECONDS, Token, sign_token

NOW = 1_900_000_000
SCOPE = "payments/production"
KEY = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"2" * 32)
ENROLMENT = EnrolmentKey(SCOPE, KEY.public_key())


def token(host="app1", *, scope=SCOPE, attempt="01a228783e11-0a1b2c", revision=1, since=NOW - 60, key=KEY):
    """Return the text of a token of a run that began a minute ago."""
    return sign_token(Token(scope, host, attempt, revision, since + VALID_SECONDS), key)


@cache
def host_key():
    return ec.generate_private_key(ec.SECP256R1())


def subject(*names):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])


def request(host="app1", given=None, *, others=(), extension=None, names=None, key=None):
    """Return a request with this token, with `others` as alternative names, and with one more extension."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(host) if names is None else names)
    if given is not None:
        builder = builder.add_attribute(CHALLENGE, given.encode())
    if others:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in others])
        builder = builder.add_extension(alternatives, False)
    if extension:
        builder = builder.add_extension(extension, False)
    return builder.sign(key or host_key(), SHA256())


def shown_to_all(given):
    """Return the extension by which Puppet's agents publish a key (R10): a string of ASN.1."""
    raw = given.encode()
    length = bytes([len(raw)]) if len(raw) < 0x80 else bytes([0x81, len(raw)])
    return x509.UnrecognizedExtension(PRESHARED, b"\x0c" + length + raw)


def with_other_key(made):
    """Return a request with the public key of another host in place of its own: its signature is wrong."""
    raw, key = made.public_bytes(Encoding.DER), made.public_key()
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    points = (each.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for each in (key, other))
    return x509.load_der_x509_csr(raw.replace(*points))
