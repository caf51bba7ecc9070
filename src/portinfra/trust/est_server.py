"""A small certificate authority that speaks EST (RFC 7030), by TLS.

| path below /.well-known/est, or below a host's name there | answer |
|---|---|
| `cacerts` | the certificate of the authority |
| `simpleenroll` | the certificate of a request with a token |
| `simplereenroll` | the next certificate of a host that shows its own |

`GET /crl.pem` returns the list of revoked certificates: EST has no path for it.
"""

import base64
import re
import ssl
import sys
import time
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from portinfra.enrolment_port import ENROLMENT_PORT
from portinfra.trust.errors import Malformed, Refusal
from portinfra.trust.log import log
from portinfra.trust.request import read_request
from portinfra.trust.signer import Signer

REQUEST_MAX = 16_384
"""The most bytes of a request."""

SILENCE_SECONDS = 10
"""How long a connection may be silent."""

_RENEWAL_SECONDS = 24 * 3600
"""How often the server gives itself a new certificate. It is valid for 30 days."""

_CERTIFICATES = "application/pkcs7-mime; smime-type=certs-only"

_PATH = re.compile(r"/\.well-known/est/(?:(?P<label>[^/]*)/)?(?P<work>cacerts|simpleenroll|simplereenroll)")


class EstServer(ThreadingHTTPServer):
    """A server on one address. It signs its own certificate, with the name of its host."""

    def __init__(self, signer: Signer, name: str, address: str = "", port: int = ENROLMENT_PORT) -> None:
        self.signer: Signer = signer
        self._name = name
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_verify_locations(signer.state.folder / "ca.pem")
        self._tls.verify_mode = ssl.CERT_OPTIONAL
        self._renewed = 0.0
        self.service_actions()
        super().__init__((address, port), _Handler)

    def service_actions(self) -> None:
        """Renew the server's own certificate once a day. New connections use it."""
        if abs(time.time() - self._renewed) >= _RENEWAL_SECONDS:
            own = _make_own(self.signer, self._name)
            self._tls.load_cert_chain(own)
            self._renewed = time.time()

    def get_request(self) -> tuple[ssl.SSLSocket, object]:
        """Accept a connection. Its own thread makes the handshake, so that a silent client stops no other."""
        connection, address = super().get_request()
        connection.settimeout(SILENCE_SECONDS)
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Log a connection that ends with an error: a scan, a wrong certificate, a host that vanished."""
        log(f"connection of {client_address}: {sys.exc_info()[1]!r}")


class _Handler(BaseHTTPRequestHandler):
    server: EstServer
    timeout = SILENCE_SECONDS
    protocol_version = "HTTP/1.1"
    server_version = "portinfra"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a read."""
        found = _PATH.fullmatch(self.path)
        if found and found["work"] == "cacerts":
            self._answer_certificate(self.server.signer.authority.certificate)
        elif self.path == "/crl.pem":
            text = self.server.signer.list_revoked().public_bytes(Encoding.PEM)
            self._answer(HTTPStatus.OK, text, "application/x-pem-file")
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Answer a request for a certificate."""
        found = _PATH.fullmatch(self.path)
        label = found["label"] if found else None
        try:
            if self._is_outside():
                raise Malformed("the path leads elsewhere")
            if not found or found["work"] == "cacerts":
                self._answer(HTTPStatus.NOT_FOUND)
                return
            request = read_request(self._read_body())
            signer = self.server.signer
            if found["work"] == "simpleenroll":
                certificate = signer.enrol(request, label)
            else:
                certificate = signer.renew(request, label, self._peer())
        except Refusal as refusal:
            status = HTTPStatus.BAD_REQUEST if isinstance(refusal, Malformed) else HTTPStatus.FORBIDDEN
            self._log(f"refused: {refusal}")
            self._answer(status, f"{refusal}\n".encode(), "text/plain")
        else:
            self._log(f"signed, serial {certificate.serial_number:x}: {certificate.subject.rfc4514_string()}")
            self._answer_certificate(certificate)

    def _is_outside(self) -> bool:
        return ".." in self.path or "%" in self.path

    def _read_body(self) -> bytes:
        """Return the request in DER. RFC 7030 has it in base64."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > REQUEST_MAX:
            self.close_connection = True
            raise Malformed(f"its length is not a number of at most {REQUEST_MAX} bytes")
        try:
            return base64.b64decode(self.rfile.read(int(length)))
        except ValueError:
            raise Malformed("it is not base64") from None

    def _peer(self) -> x509.Certificate | None:
        assert isinstance(self.connection, ssl.SSLSocket)
        shown = self.connection.getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(shown) if shown else None

    def _answer_certificate(self, certificate: x509.Certificate) -> None:
        packed = pkcs7.serialize_certificates([certificate], Encoding.DER)
        self._answer(HTTPStatus.OK, base64.encodebytes(packed), _CERTIFICATES)

    def _answer(self, status: HTTPStatus, body: bytes = b"", kind: str = "text/plain") -> None:
        if status != HTTPStatus.OK:
            self.close_connection = True  # the body of a refused request may be unread
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if kind == _CERTIFICATES:
            self.send_header("Content-Transfer-Encoding", "base64")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _log(self, text: str) -> None:
        log(f"{self.client_address[0]} {self.path[:100]} {text}")

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: each decision is one line already."""


def _make_own(signer: Signer, name: str) -> Path:
    """Write a new key and certificate of the server, readable by its user only, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = signer.authority.issue(name, key.public_key(), datetime.now(UTC))
    file = signer.state.folder / "server.pem"
    file.unlink(missing_ok=True)
    file.touch(0o600)
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    return file
