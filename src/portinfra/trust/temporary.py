"""The trust of one drill, in memory only. Its authority ends with the hosts of the drill."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portinfra.trust.archive import make_archive
from portinfra.trust.authority import Authority, create_authority
from portinfra.trust.bundle import make_bundle

FOLDER = "/var/lib/portinfra-drill"
"""The folder of the host that signs: not on a volume, which may have the authority of an environment."""


@dataclass(frozen=True)
class TemporaryTrust:
    """The keys of one scope. No file has them: the host that signs gets the authority by user data."""

    scope: str
    authority: Authority = field(repr=False)
    enrolment: Ed25519PrivateKey = field(repr=False)
    created: datetime

    @property
    def certificate(self) -> str:
        """The certificate of the authority, in PEM."""
        return self.authority.certificate.public_bytes(Encoding.PEM).decode()

    def bundle(self, signer: str) -> str:
        """Return the script that makes a host the one that signs, for its first boot."""
        public = {
            "scope": f"{self.scope}\n".encode(),
            "ca.pem": self.certificate.encode(),
            "enrolment.pub": self.enrolment.public_key().public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            ),
            "opened": b"1\n",
            "revoked": b"",
        }
        return make_bundle(
            self.authority, public, make_archive(puppet=False), self.created, signer=signer, folder=FOLDER
        )


def create_temporary(scope: str, now: datetime) -> TemporaryTrust:
    """Return new keys for the EST server of one scope."""
    return TemporaryTrust(scope, create_authority(scope, "est", now), Ed25519PrivateKey.generate(), now)
