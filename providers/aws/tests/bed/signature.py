"""Signature Version 4, computed again by botocore from what came over the wire.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from bed.errors import EC2Error
from bed.identities import Identity

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


class Sent(Protocol):
    """A request, as it came over the wire."""

    @property
    def method(self) -> str:
        """`POST`."""

    @property
    def url(self) -> str:
        """Path and query."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name in lower case."""

    @property
    def body(self) -> bytes:
        """What is signed."""


@frozen
class Claim:
    """What a request says of itself in its Authorization header."""

    access_key: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str


def claim(headers: Mapping[str, str]) -> Claim:
    """Read the header. Raises EC2Error where a request is not signed, or signed the old way."""
    found = _HEADER.fullmatch(headers.get("authorization", "").strip())
    if found is None:
        raise EC2Error("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
    signed = tuple(found["headers"].split(";"))
    return Claim(found["key"], found["region"], found["service"], signed, found["signature"])


def verify(made: Claim, caller: Identity, sent: Sent) -> None:
    """Raises EC2Error where the signature is not the one that the caller's secret gives. As services of AWS
    do, it quotes what should have been signed: headers, and among these the token of a session.
    """
    request = AWSRequest(
        method=sent.method,
        url=f"http://{sent.headers.get('host', '')}{sent.url.partition('?')[0]}",
        data=sent.body,
        params=dict(parse_qsl(urlsplit(sent.url).query, keep_blank_values=True)),
        headers={name: sent.headers[name] for name in made.signed if name in sent.headers},
    )
    request.context["timestamp"] = sent.headers.get("x-amz-date", "")
    signer = _Signer(Credentials(caller.access_key, caller.secret), made.service, made.region)
    canonical = signer.canonical_request(request)
    string = signer.string_to_sign(request, canonical)
    if signer.signature(string, request) != made.signature:
        raise EC2Error(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details.\n\n"
            f"The Canonical String for this request should have been\n'{canonical}'\n\n"
            f"The String-to-Sign should have been\n'{string}'\n",
            status=403,
        )


class _Signer(SigV4Auth):  # type: ignore[misc]
    """Signs what the client says that it signed; botocore by itself leaves out the user agent."""

    def headers_to_sign(self, request: Any) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name.lower()] = value
        return headers
