"""One request to EC2, STS, KMS or Service Quotas: it is signed, sent over a kept connection, and parsed.

It never repeats a request. Only this module uses apache-libcloud. Its connections are not safe to share, so
each thread has its own.
"""

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import ParseError

import requests
from attrs import frozen
from libcloud.common.aws import AWSRequestSignerAlgorithmV4, SignedAWSConnection

from portinfra.errors import InvalidRequest
from portinfra.provider.clock import ServerClock
from portinfra.provider.kept_connections import KeptConnections
from portinfra_aws import presigned, query, xml
from portinfra_aws.credentials import Source
from portinfra_aws.errors import EC2Error, NotSent

VERSIONS: Mapping[str, str] = {"ec2": "2016-11-15", "sts": "2011-06-15"}

SERVICES: Mapping[str, str] = {
    "GetCallerIdentity": "sts",
    "GetServiceQuota": "servicequotas",
    "DescribeKey": "kms",
}
"""Action → its service. The service of any other action is ec2."""

_TARGETS: Mapping[str, str] = {"servicequotas": "ServiceQuotasV20190624", "kms": "TrentService"}
"""Services that use JSON → the prefix of their actions' names."""

TIMEOUT_SECONDS = (10.0, 60.0)
"""The limits to connect, and between two bytes of an answer."""

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


@frozen
class _Received:
    """The unchanged response. libcloud's own classes lose the status of a response that is not XML."""

    connection: Any
    response: Any


_Untyped: Any = AWSRequestSignerAlgorithmV4


class _Signer(_Untyped):  # type: ignore[misc]
    """Signs only the headers that AWS requires. libcloud's signer also signs headers that a proxy may
    rewrite.
    """

    def _get_signed_headers(self, headers: Mapping[str, str]) -> Any:
        return super()._get_signed_headers(_signed_headers(headers))

    def _get_canonical_headers(self, headers: Mapping[str, str]) -> Any:
        return super()._get_canonical_headers(_signed_headers(headers))


def _signed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return `host` and `x-amz-*`: SigV4 requires no others."""
    return {k: v for k, v in headers.items() if k.lower() == "host" or k.lower().startswith("x-amz-")}


class _Connection:
    """One kept connection to one service: libcloud's, which here signs every request again."""

    def __init__(self, service: str, region: str, credentials: Source) -> None:
        self._source = credentials
        now = credentials()
        make: Any = SignedAWSConnection
        self._signed = make(
            now.access_key,
            now.secret,
            url=endpoint(service, region),
            token=now.token,
            timeout=TIMEOUT_SECONDS,
            signature_version="4",
        )
        self._signed.signer = _Signer(now.access_key, now.secret, self._signed.version, self._signed)
        self._signed.service_name = service
        self._signed.driver = SimpleNamespace(region_name=region, name="portinfra")
        self._signed.responseCls = _Received
        self._signed.connect()
        kept = self._signed.connection
        named = (os.environ.get(name) for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"))
        kept.ca_cert = next(filter(None, named), kept.ca_cert)
        # The environment is read once. For each request, that takes longer than signing, and a .netrc would
        # replace the signature.
        kept.session.proxies = requests.utils.get_environ_proxies(kept.host)
        kept.session.trust_env = False

    def post(self, body: str, headers: Mapping[str, str] = _HEADERS) -> Any:
        """Return the response to one request, signed with the current credentials."""
        now, signed = self._source(), self._signed
        signed.signer.access_key, signed.signer.access_secret = now.access_key, now.secret
        signed.token = now.token
        sent = signed.request("/", data=body, headers=dict(headers), method="POST", retry_failed=False)
        return sent.response

    def close(self) -> None:
        """Close it."""
        self._signed.connection.session.close()


class Transport:
    """The connections to one account in one region. Safe to use from several threads."""

    def __init__(self, region: str, credentials: Source) -> None:
        self._region = region
        self._credentials = credentials
        self._kept = KeptConnections(self._connect)
        self.server_clock: ServerClock = ServerClock()

    def send(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make one request. Raises EC2Error for a refusal, NotSent, or an exception of `requests`."""
        service = SERVICES.get(action, "ec2")
        address, sent = endpoint(service, self._region), time.time()
        try:
            with self._kept.lend(service) as connection:
                received = connection.post(*_to_request(service, action, parameters))
        except requests.ConnectTimeout as error:
            raise NotSent(f"{address} did not answer in time", address) from error
        except requests.ConnectionError as error:
            if "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error):
                raise NotSent(f"{address} cannot be reached", address) from error
            raise
        self.server_clock.note(received.headers.get("Date"), sent)
        status, body = received.status_code, received.content
        if status >= 300:
            code, message = (_json_fault(body) if service in _TARGETS else xml.fault(body)) or (
                f"HTTP{status}",
                f"{action}: the service returned the status {status}",
            )
            raise EC2Error(code, message, status, action)
        try:
            answer = json.loads(body) if service in _TARGETS else xml.parse(body)
        except (ParseError, ValueError) as error:
            kind = "JSON" if service in _TARGETS else "XML"
            raise EC2Error(
                "Unreadable", f"{action}: the answer of the service is not {kind}", 502, action
            ) from error
        return answer.get(f"{action}Result", answer) if service == "sts" else answer

    def copy_parameters(self, source_region: str, parameters: Mapping[str, Any]) -> dict[str, str]:
        """Return the further parameters of a copy: its region, and a signed permission to read the source."""
        copied = {**parameters, "DestinationRegion": self._region}
        fields = {"Action": "CopySnapshot", "Version": VERSIONS["ec2"], **query.flatten(copied)}
        url = endpoint("ec2", source_region)
        signed = presigned.url(url, source_region, fields, self._credentials(), datetime.now(UTC))
        return {"DestinationRegion": self._region, "PresignedUrl": signed}

    def close(self) -> None:
        """Close all connections."""
        self._kept.close()

    def _connect(self, service: str) -> _Connection:
        return _Connection(service, self._region, self._credentials)


def _to_request(service: str, action: str, parameters: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    """Return the body and the headers of a request, in the protocol of its service."""
    if service in _TARGETS:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{_TARGETS[service]}.{action}",
        }
        return json.dumps(parameters), headers
    fields = {"Action": action, "Version": VERSIONS[service], **query.flatten(parameters)}
    return urlencode(fields), _HEADERS


def _json_fault(body: bytes) -> tuple[str, str] | None:
    """Return the code and message of an error in JSON; None if the body has no such error."""
    try:
        error = json.loads(body)
        return str(error["__type"]).rpartition("#")[2], str(error.get("message", error.get("Message", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def endpoint(service: str, region: str) -> str:
    """Return the URL of a service: from AWS's environment variables, else that of the region."""
    own = {"servicequotas": "SERVICE_QUOTAS"}.get(service, service.upper())
    for name in (f"AWS_ENDPOINT_URL_{own}", "AWS_ENDPOINT_URL"):
        if named := os.environ.get(name):
            if urlsplit(named).scheme not in ("http", "https"):
                fix = f"Write it as https://HOST, or unset {name}."
                raise InvalidRequest(
                    f"the variable {name} is {named!r}, which is not a URL", provider="aws", fix=fix
                )
            return named
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"
