"""The signing of requests: decide, issue the certificate, mark the token as used by it, record it.

The certificate is the mark of its token. So a token has one certificate, and a crash at any moment leaves
either none or the one that the host gets when it asks again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from portinfra.trust.authority import Authority, PrivateKey, common_name
from portinfra.trust.errors import Malformed, Refusal
from portinfra.trust.names import is_host
from portinfra.trust.policy import USED, decide
from portinfra.trust.request import public_pem, raise_for_contents, subject_of
from portinfra.trust.state import State, key_of_mark


@dataclass(frozen=True)
class Signer:
    """An authority with the folder of its state."""

    state: State
    authority: Authority

    def enrol(self, request: x509.CertificateSigningRequest, label: str | None) -> x509.Certificate:
        """Return the first certificate of a host, the same one for a repeated request with the same key.

        Raises Refusal or Malformed.
        """
        name = _name_of(request, label)
        now = datetime.now(UTC)
        decision = decide(name, request, self.state.read_key(), self.state.read_used(), now.timestamp())
        if decision.token is None:
            raise Refusal(decision.reason)
        offered = self.authority.issue(name, request.public_key(), now)
        earlier = self.state.use(decision.token, offered.public_bytes(Encoding.PEM))
        if earlier is not None and key_of_mark(earlier) != public_pem(request):
            raise Refusal(USED)
        certificate = offered if earlier is None else x509.load_pem_x509_certificate(earlier)
        self.state.record(name, certificate, decision.token.revision)
        return certificate

    def renew(
        self, request: x509.CertificateSigningRequest, label: str | None, own: x509.Certificate | None
    ) -> x509.Certificate:
        """Return the next certificate of a host that shows its `own` one. Raises Refusal or Malformed.

        TLS has verified `own`, except for revocation.
        """
        name = _name_of(request, label)
        raise_for_contents(request)
        if own is None:
            raise Refusal("it shows no certificate of its own")
        if common_name(own) != name:
            raise Refusal(f"it shows the certificate of {common_name(own)[:64]!r}")
        revision = self.state.revision_of(name, own.serial_number)
        if revision < self.state.read_revoked().get(name, 0):
            raise Refusal("the certificate that it shows is revoked")
        certificate = self.authority.issue(name, request.public_key(), datetime.now(UTC))
        self.state.record(name, certificate, revision)
        return certificate

    def list_revoked(self) -> x509.CertificateRevocationList:
        """Return the signed list of revoked certificates."""
        revoked = sorted(self.state.read_revoked().items())
        ended = [each for host, revision in revoked for each in self.state.read_issued(host, revision)]
        return self.authority.revoke(ended, datetime.now(UTC))


def open_signer(state: State) -> Signer:
    """Return the signer of a folder. Raises OSError or ValueError for missing or wrong files."""
    key = load_pem_private_key((state.folder / "ca.key").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((state.folder / "ca.pem").read_bytes())
    return Signer(state, Authority(cast(PrivateKey, key), certificate))


def _name_of(request: x509.CertificateSigningRequest, label: str | None) -> str:
    """Return the name of the host. Raises Malformed if the path has another one."""
    if label is not None and not is_host(label):
        raise Malformed("the path does not have the name of a host")
    name = subject_of(request.subject)
    if label not in (None, name):
        raise Malformed("the name in the path is not the subject")
    return name
