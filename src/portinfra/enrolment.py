"""The trust directory of an environment, as plans and runs read it: certificate, and key of tokens."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from portinfra.command_text import command
from portinfra.hosts.enrolment import find_signer, profile_of
from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.placed import Placed

if TYPE_CHECKING:  # most declarations need no cryptography, which is slow to import
    from portinfra.trust.authority import Kind
    from portinfra.trust.directory import Directory
    from portinfra.trust.temporary import TemporaryTrust

SignToken = Callable[[str, str], str]
"""A function of the name of a host, and of the id of its creation: its token."""


def needs_trust(placed: Placed) -> bool:
    """Return whether new hosts of a placed topology get a certificate by a token.

    A scope beside the environment gets none by it: the tokens of an environment open nothing there. A drill
    has trust of its own.
    """
    return find_signer(placed) is not None and not placed.scope.is_beside


def create_drill_trust(placed: Placed) -> "TemporaryTrust | None":
    """Return new keys for a drill whose hosts enrol by EST; None: its topology has no such host."""
    signer = find_signer(placed)
    if signer is None or placed.topology.role(placed.roles[signer.address]).profile != "est-server":
        return None
    from portinfra.trust.directory import now
    from portinfra.trust.temporary import create_temporary

    return create_temporary(str(placed.scope), now())


def read_authority(placed: Placed, own: "TemporaryTrust | None" = None) -> str:
    """Return the certificate of the authority in PEM; empty: hosts trust another one. Raises TrustError.

    It needs no private key. A drill has its `own` trust.
    """
    if own:
        return own.certificate
    if not needs_trust(placed):
        return ""
    return _directory(placed.environment, placed.scope).read_public_files()["ca.pem"].decode()


def open_token_key(placed: Placed, since: float, own: "TemporaryTrust | None" = None) -> SignToken:
    """Return a function that signs tokens of a run that began at `since`, by the provider's time. Raises
    TrustError.

    The token of a creation does not change, so a repeated request has equal parameters.
    """
    from portinfra.trust.token import VALID_SECONDS, Token, sign_token

    scope = placed.scope
    if own:
        key, revision = own.enrolment, 1
    else:
        directory = _directory(placed.environment, scope)
        key, revision = directory.read_enrolment_key(), directory.read_revision()
    until = int(since) + VALID_SECONDS
    return lambda host, creation: sign_token(Token(str(scope), host, creation, revision, until), key)


def kind_for(placed: Placed) -> "Kind":
    """Return the kind of authority that the host that signs needs."""
    signer = find_signer(placed)
    return "puppet" if signer and profile_of(placed, signer) == "puppet-server" else "est"


def authority_findings(placed: Placed) -> Iterator[Finding]:
    """Yield an error for a trust directory that cannot be read, and a warning before its authority ends."""
    if not needs_trust(placed):
        return
    from portinfra.trust.authority import end_of, ends_soon, kind_of
    from portinfra.trust.directory import now
    from portinfra.trust.errors import TrustError

    environment = placed.environment
    where = environment.location.attributes.get("trust", environment.location)
    subject = f"environment.{environment.name}.trust"
    directory = _directory(environment, placed.scope)
    try:
        directory.read_public_files()
        certificate = directory.read_certificate()
    except TrustError as error:
        yield Finding("hosts/trust", str(error), error.fix, subject=subject, location=where)
        return
    signer = find_signer(placed)
    if signer and kind_of(certificate) != kind_for(placed):
        keys = {"puppet": "RSA, for Puppet Server", "est": "an elliptic curve, for EST"}
        yield Finding(
            "hosts/authority-kind",
            f"its authority has a key of {keys[kind_of(certificate)]}, and {signer.name} has the profile "
            f"{profile_of(placed, signer)}",
            "Name a new directory in trust, and create its authority: "
            f"{command('trust', 'init', environment.name)}. Or give the role the other profile.",
            subject=subject,
            location=where,
        )
    if ends_soon(certificate, now()):
        yield Finding(
            "hosts/authority-ends",
            f"its certificate authority ends on {end_of(certificate):%Y-%m-%d}, and all certificates with it",
            "Name a new directory in trust, create its authority, and replace the hosts: "
            f"{command('trust', 'init', environment.name)}.",
            Severity.WARNING,
            subject=subject,
            location=where,
        )


def _directory(environment: Environment, scope: Scope) -> "Directory":
    from portinfra.trust.directory import open_directory

    return open_directory(environment.trust, environment.credentials, str(scope))
