"""A certificate request: the facts of it that the policy reads."""

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from portinfra.trust.errors import Malformed, Refusal

CHALLENGE = ObjectIdentifier("1.2.840.113549.1.9.7")
"""challengePassword, an attribute of the request. The certificate does not have it."""

PRESHARED = ObjectIdentifier("1.3.6.1.4.1.34380.1.1.4")
"""pp_preshared_key, an extension of Puppet. It becomes public: the certificate has it, too."""

_REGISTERED = "1.3.6.1.4.1.34380.1.1."
"""The extensions in which a host describes itself to Puppet. They give no rights."""

_ALTERNATIVES = x509.SubjectAlternativeName.oid


def read_request(raw: bytes) -> x509.CertificateSigningRequest:
    """Return a request in PEM or DER, of which each part can be read. Raises Malformed."""
    try:
        is_pem = raw.lstrip().startswith(b"-----")
        request = x509.load_pem_x509_csr(raw) if is_pem else x509.load_der_x509_csr(raw)
        for part in ("subject", "extensions", "attributes", "is_signature_valid"):  # each is parsed when read
            getattr(request, part)
        request.public_key()
    except Exception as error:  # cryptography has many errors for what an intruder may send
        raise Malformed(f"it is no certificate request: {type(error).__name__}") from None
    return request


def subject_of(name: x509.Name) -> str:
    """Return the common name of a subject that has nothing else. Raises Refusal."""
    parts = list(name)
    if len(parts) != 1 or parts[0].oid != NameOID.COMMON_NAME:
        raise Refusal("its subject is not one common name alone")
    return str(parts[0].value)


def public_pem(holder: x509.CertificateSigningRequest | x509.Certificate) -> bytes:
    """Return the public key of a request or of a certificate, in PEM."""
    return holder.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def raise_for_contents(request: x509.CertificateSigningRequest) -> None:
    """Raise Refusal for a wrong signature, a weak key, other names, and extensions that may give rights."""
    key, names = request.public_key(), [each.oid for each in request.extensions]
    if not request.is_signature_valid:
        raise Refusal("its own key did not sign it")
    strong = (
        (isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048)
        or (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256)
        or isinstance(key, ed25519.Ed25519PublicKey)
    )
    if not strong:
        raise Refusal("its key is weaker than RSA 2048 or P-256, or of another kind")
    if _ALTERNATIVES in names:
        raise Refusal("it requests other names (subjectAltName)")
    if others := [each for each in names if not each.dotted_string.startswith(_REGISTERED)]:
        raise Refusal(f"it requests the extension {others[0].dotted_string}")


def token_of(request: x509.CertificateSigningRequest) -> str:
    """Return the token in a request. Raises Refusal unless there is exactly one."""
    found = list(_tokens(request))
    if len(found) != 1:
        raise Refusal("it has no token" if not found else f"it has {len(found)} tokens")
    try:
        return found[0].decode("ascii")
    except UnicodeDecodeError:
        raise Refusal("the token has another form than v1.PAYLOAD.SIGNATURE") from None


def _tokens(request: x509.CertificateSigningRequest) -> Iterator[bytes]:
    for attribute in request.attributes:
        if attribute.oid == CHALLENGE:
            yield attribute.value
    for extension in request.extensions:
        if extension.oid == PRESHARED and isinstance(extension.value, x509.UnrecognizedExtension):
            yield _text_in_der(extension.value.value)


def _text_in_der(raw: bytes) -> bytes:
    """Return the text of an ASN.1 string of up to 255 bytes: UTF8String, IA5String or PrintableString."""
    if raw[:1] in (b"\x0c", b"\x16", b"\x13"):
        if len(raw) == 2 + raw[1] and raw[1] < 0x80:
            return raw[2:]
        if raw[1:2] == b"\x81" and len(raw) == 3 + raw[2]:
            return raw[3:]
    return raw
