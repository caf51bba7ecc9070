"""The bed without a socket: what libcloud and google-auth send through `requests` is answered here.

A process that is forked takes the whole of Compute Engine with it, its clients included: a sweep can fork at
any request, and what the copy does never reaches the world of the original.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode, urlsplit

import requests

from emulator.bed import Bed
from portinfra.testing.emulator import CutShort, Dropped, Request

HOST = "compute.bed.invalid"
ENDPOINT = f"http://{HOST}:80"


@contextmanager
def direct(bed: Bed) -> Iterator[str]:
    """While it lasts, requests to the endpoint that is yielded are the bed's; so are all to Google.

    The bed takes them before `requests` prepares them for the wire, which takes half as long as serving them.
    """
    send = requests.Session.request

    def answer(self: requests.Session, method: str, url: str, **given: Any) -> requests.Response:
        host = urlsplit(url).hostname or ""
        if host == HOST or host.endswith(".googleapis.com") or host == "metadata.google.internal":
            data = given.get("data") or b""
            body = urlencode(data) if isinstance(data, Mapping) else data
            return _answer(bed, method.upper(), url, body, given.get("headers") or {})
        return send(self, method, url, **given)

    with patch.object(requests.Session, "request", answer):
        yield ENDPOINT


def _answer(
    bed: Bed, method: str, url: str, data: str | bytes, given: Mapping[str, str | bytes]
) -> requests.Response:
    body = data.encode() if isinstance(data, str) else data
    headers = {name.lower(): _text(value) for name, value in given.items()}
    headers = {"host": HOST, "content-length": str(len(body)), **headers}
    where = urlsplit(url)
    path = f"{where.path}?{where.query}" if where.query else where.path
    try:
        told = bed.serve(Request(method, path, headers, body))
    except (Dropped, CutShort):
        raise requests.ConnectionError("the connection was closed") from None
    response = requests.Response()
    response.status_code = told.status
    response.headers["Content-Type"] = told.kind
    response.headers.update(told.headers)
    response._content = told.content
    response.encoding = "utf-8"
    response.url = url
    return response


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()
