"""A token: the signed permission of one host to get one certificate.

Its text is `v1.PAYLOAD.SIGNATURE`. The payload is `scope host attempt revision until`, in base64 for URLs
without padding. The signature is that of Ed25519 over `v1.PAYLOAD`.
"""

import base64
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from portinfra.trust.errors import Refusal, TrustError
from portinfra.trust.names import ATTEMPT, SCOPE, is_host

VALID_SECONDS = 24 * 3600
"""How long a token is valid, from the start of the run that signs it."""

LENGTH_MAX = 255
"""The most characters of a `challengePassword` (PKCS #9, RFC 2985)."""

_FORM = re.compile(r"(v1\.([A-Za-z0-9_-]+))\.([A-Za-z0-9_-]{86})", re.ASCII)


@dataclass(frozen=True)
class Token:
    """What a token says. `until` is in seconds since 1970, by UTC."""

    scope: str
    host: str
    attempt: str
    """The id of the creation: the run, and how often the run has seen the host deleted."""
    revision: int
    """The revision of the trust directory when it was signed."""
    until: int

    @property
    def id(self) -> str:
        """The name of this token in the record of used ones."""
        return f"{self.host}.{self.attempt}"


def sign_token(token: Token, key: Ed25519PrivateKey) -> str:
    """Return the text of a token. The same values give the same text.

    Raises TrustError for names of a wrong form, and for names that are together too long.
    """
    if not (SCOPE.fullmatch(token.scope) and is_host(token.host) and ATTEMPT.fullmatch(token.attempt)):
        raise TrustError(
            f"no token can name the host {token.host!r} of {token.scope!r} in the run {token.attempt!r}",
            fix="Use the names of a topology, an environment and a host.",
        )
    payload = f"{token.scope} {token.host} {token.attempt} {token.revision} {token.until}"
    signed = f"v1.{_encode(payload.encode())}"
    text = f"{signed}.{_encode(key.sign(signed.encode()))}"
    if len(text) > LENGTH_MAX:
        raise TrustError(
            f"the token of {token.host} of {token.scope} has {len(text)} characters, "
            f"and a certificate request has room for {LENGTH_MAX}",
            fix="Give the topology, the environment or the role a shorter name.",
        )
    return text


def read_token(text: str, key: Ed25519PublicKey) -> Token:
    """Return what a token says. Raises Refusal unless it has this form and the signature of this key."""
    found = _FORM.fullmatch(text) if len(text) <= LENGTH_MAX else None
    if not found:
        raise Refusal("the token has another form than v1.PAYLOAD.SIGNATURE")
    try:
        key.verify(_decode(found[3]), found[1].encode())
        scope, host, attempt, revision, until = _decode(found[2]).decode("ascii").split(" ")
        read = Token(scope, host, attempt, int(revision), int(until))
    except InvalidSignature:
        raise Refusal("the token is forged: the enrolment key of this environment did not sign it") from None
    except ValueError:
        raise Refusal("the token has another form than v1.PAYLOAD.SIGNATURE") from None
    return read


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
