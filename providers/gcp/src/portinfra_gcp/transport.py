"""One request to Compute Engine: it is authorised, sent over a kept connection, and parsed.

It never repeats a request. Only this module uses apache-libcloud. Its connections are not safe to share, so
each thread has its own.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from attrs import frozen
from libcloud.common.base import Connection
from libcloud.compute.drivers.gce import GCEConnection

from portinfra.provider.clock import ServerClock
from portinfra.provider.kept_connections import KeptConnections
from portinfra_gcp import errors, links
from portinfra_gcp.errors import NotSent
from portinfra_gcp.methods import COMPUTE, ELSEWHERE, METHODS, service_of

TIMEOUT_SECONDS = (10.0, 60.0)
"""The limits to connect, and between two bytes of an answer."""

USUAL = {COMPUTE: "https://compute.googleapis.com/compute/v1/"}
"""The URL of a service, if it is not at the host of its name."""


@frozen
class _Received:
    """The unchanged response. libcloud's own classes raise their own errors."""

    connection: Any
    response: Any


_Untyped: Any = GCEConnection


class _Connection(_Untyped):  # type: ignore[misc]
    """One kept connection: libcloud's, without its own credentials, paths or repetitions."""

    responseCls = _Received
    driver = None

    def __init__(self, service: str, token: Callable[[], str]) -> None:
        base_init: Any = Connection.__init__
        base_init(self, url=endpoint(service), timeout=TIMEOUT_SECONDS)
        self._token = token
        self._path = self.request_path.rstrip("/")
        self.connect()
        kept = self.connection
        kept.ca_cert = os.environ.get("REQUESTS_CA_BUNDLE") or kept.ca_cert
        # The environment is read once. For each request, that takes longer than sending, and a .netrc would
        # replace the token.
        kept.session.proxies = requests.utils.get_environ_proxies(kept.host)
        kept.session.trust_env = False

    def add_default_headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "Content-Type": "application/json"}

    def pre_connect_hook(self, params: Any, headers: dict[str, str]) -> Any:
        return params, {**headers, "Authorization": f"Bearer {self._token()}"}

    def morph_action_hook(self, action: str) -> str:
        return f"{self._path}{action}"

    def send(self, verb: str, path: str, query: Mapping[str, Any], body: Any) -> Any:
        """Return the response to one request.

        GCEConnection's own `request` would send some requests twice.
        """
        base_request: Any = Connection.request
        return base_request(self, path, params=query, data=body, method=verb, retry_failed=False).response

    def close(self) -> None:
        """Close it."""
        self.connection.session.close()


class Transport:
    """The connections to one project. Safe to use from several threads."""

    def __init__(self, project: str, token: Callable[[], str]) -> None:
        self.project = project
        self._token = token
        self._kept = KeptConnections(self._connect)
        self.server_clock: ServerClock = ServerClock()

    def send(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make one request. Raises GceError for a refusal, NotSent, or an exception of `requests`."""
        verb, path, query = self._request(action, parameters)
        sent = time.time()
        try:
            body = links.in_full(self.project, parameters.get("body"))
            with self._kept.lend(service_of(action)) as connection:
                received = connection.send(verb, path, query, body)
        except requests.ConnectTimeout as error:
            raise NotSent(str(error)) from error
        except requests.ConnectionError as error:
            if "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error):
                raise NotSent(f"{endpoint(service_of(action))} cannot be reached") from error
            raise
        self.server_clock.note(received.headers.get("Date"), sent)
        try:
            answer = json.loads(received.content)
        except ValueError as error:
            raise errors.of_answer(max(502, received.status_code), None, action) from error
        if received.status_code >= 300:
            raise errors.of_answer(received.status_code, answer, action)
        if failed := errors.of_operation(answer, action):
            raise failed
        return dict(answer)

    def _request(self, action: str, parameters: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
        if action in ELSEWHERE:
            _, verb, template = ELSEWHERE[action]
            key = quote(str(parameters.get("key", "")), safe="/")
            return verb, template.format(project=self.project, key=key), {}
        verb, template = METHODS[action]
        named = {name for _, name, _, _ in Formatter().parse(template) if name}
        filled = template.format_map({name: quote(str(parameters[name]), safe="") for name in named})
        project = parameters.get("project", self.project)
        query = {k: _text(v) for k, v in parameters.items() if k not in named | {"body", "project"}}
        return verb, f"/projects/{project}/{filled}".rstrip("/"), query

    def close(self) -> None:
        """Close all connections."""
        self._kept.close()

    def _connect(self, service: str) -> _Connection:
        return _Connection(service, self._token)


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def endpoint(service: str) -> str:
    """Return the URL of a service: from gcloud's environment variable, else its public one."""
    variable = f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service.upper()}"
    named = os.environ.get(variable) or USUAL.get(service, f"https://{service}.googleapis.com/")
    if urlsplit(named).scheme not in ("http", "https"):
        raise NotSent(f"the variable {variable} is {named!r}, which is not a URL")
    return named
