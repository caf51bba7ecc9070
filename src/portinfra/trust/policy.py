"""The decision whether a host gets a certificate. It is pure: it reads no file and no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from portinfra.trust.errors import Refusal
from portinfra.trust.names import is_host
from portinfra.trust.request import public_pem, raise_for_contents, subject_of, token_of
from portinfra.trust.token import Token, read_token


@dataclass(frozen=True)
class EnrolmentKey:
    """The public key that verifies the tokens of one environment."""

    scope: str
    public: Ed25519PublicKey


USED = "the token was used before"


class UsedKeys(Protocol):
    """The keys of requests that used tokens. A dictionary is one."""

    def get(self, id: str, /) -> bytes | None:
        """Return the public key, in PEM, of the request that used a token and may be repeated. Empty: it may
        not. None: no request used the token.
        """


@dataclass(frozen=True)
class UsedTokens:
    """The tokens that no longer count."""

    opened: int
    """The revision of the trust directory that began the record of used tokens. Tokens of earlier revisions
    may have been used.
    """
    keys: UsedKeys
    """By the id of a token."""
    revoked: Mapping[str, int] = field(default_factory=dict)
    """The revision that revoked a host. Its tokens of earlier revisions do not count."""


@dataclass(frozen=True)
class Decision:
    """Whether to sign, and why. The reason names no secret."""

    sign: bool
    reason: str
    token: Token | None = None
    """The token to mark as used before anything is signed. It may be marked already, by the same key."""


def decide(
    name: str,
    request: x509.CertificateSigningRequest,
    enrolment_key: EnrolmentKey,
    used: UsedTokens | None,
    now: float,
) -> Decision:
    """Return whether the host `name` gets a certificate for its request at `now`, in seconds since 1970.

    `used` is None if the record of used tokens is lost. Then nothing is signed.

    A request may be repeated with the same key, as its answer may have been lost. The request proves that its
    sender has the key, and the certificate helps no one else. A thief of the token has another key.
    """
    try:
        token = _admit(name, request, enrolment_key, used, now)
    except Refusal as refusal:
        return Decision(False, str(refusal))
    return Decision(True, f"the token of the creation {token.attempt} is valid", token)


def _admit(
    name: str, request: x509.CertificateSigningRequest, key: EnrolmentKey, used: UsedTokens | None, now: float
) -> Token:
    if not is_host(name):
        raise Refusal("the name is not that of a host")
    raise_for_contents(request)
    subject = subject_of(request.subject)
    if subject != name:
        raise Refusal(f"its subject is {subject[:64]!r}")
    token = read_token(token_of(request), key.public)
    if token.scope != key.scope:
        raise Refusal(f"the token is of another environment: {token.scope}")
    if token.host != name:
        raise Refusal(f"the token is of another host: {token.host}")
    if now > token.until:
        raise Refusal(f"token expired: it was valid until {_show(token.until)}, and now is {_show(now)}")
    if used is None:
        raise Refusal("the record of used tokens is lost: an operator has to reopen it (trust reopen)")
    if token.revision < used.opened:
        raise Refusal(
            f"the token was signed at revision {token.revision} of the trust directory, "
            f"and revision {used.opened} began a new record of used tokens"
        )
    if token.revision < used.revoked.get(name, 0):
        raise Refusal(
            f"the token was signed at revision {token.revision} of the trust directory, "
            f"and revision {used.revoked[name]} revoked the host"
        )
    if (first := used.keys.get(token.id)) not in (None, public_pem(request)):
        raise Refusal(f"{USED}, by a request with another key" if first else USED)
    return token


def _show(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
