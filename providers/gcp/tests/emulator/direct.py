"""The bed without a socket: what libcloud and google-auth send through `requests` is answered here.

A process that is forked takes the whole of Compute Engine with it, its clients included: a sweep can fork at
any request, and what the copy does never reaches the world of the original.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from emulator.bed import Bed
from portinfra.testing.emulator import CutShort, Dropped, Request

HOST = "compute.bed.invalid"
ENDPOINT = f"http://{HOST}:80"


@contextmanager
def direct(bed: Bed) -> Iterator[str]:
    """While it lasts, requests to the endpoint that is yielded are the bed's; so are all to Google."""
    send = HTTPAdapter.send

    def answer(self: HTTPAdapter, request: requests.PreparedRequest, *given: Any, **more: Any) -> Any:
        host = urlsplit(str(request.url)).hostname or ""
        if host == HOST or host.endswith(".googleapis.com") or host == "metadata.google.internal":
            return _answer(bed, request)
        return send(self, request, *given, **more)

    with patch.object(HTTPAdapter, "send", answer):
        yield ENDPOINT


def _answer(bed: Bed, request: requests.PreparedRequest) -> requests.Response:
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    headers.setdefault("host", HOST)
    body = request.body or b""
    sent = Request(
        str(request.method),
        request.path_url,
        headers,
        body if isinstance(body, bytes) else body.encode(),
    )
    try:
        told = bed.serve(sent)
    except (Dropped, CutShort):
        raise requests.ConnectionError("the connection was closed", request=request) from None
    response = requests.Response()
    response.status_code = told.status
    response.headers["Content-Type"] = told.kind
    response.headers.update(told.headers)
    response._content = told.content
    response.encoding = "utf-8"
    response.request = request
    response.url = str(request.url)
    return response


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()
