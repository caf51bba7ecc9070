"""The bed without a socket: what libcloud sends through `requests` is answered in this process.

A process that is forked takes the whole of EC2 with it, its clients included: a sweep can fork at any
request, and what the copy does never reaches the world of the original.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import requests
from requests.adapters import HTTPAdapter

from bed.bed import Bed, Dropped, Request

ENDPOINT = "http://ec2.bed.invalid:80"


@contextmanager
def direct(bed: Bed) -> Iterator[str]:
    """While it lasts, requests to the endpoint that is yielded are the bed's."""
    send = HTTPAdapter.send

    def answer(self: HTTPAdapter, request: requests.PreparedRequest, *given: Any, **more: Any) -> Any:
        if not str(request.url).startswith(ENDPOINT.removesuffix(":80")):
            return send(self, request, *given, **more)
        return _answer(bed, request)

    with patch.object(HTTPAdapter, "send", answer):
        yield ENDPOINT


def _answer(bed: Bed, request: requests.PreparedRequest) -> requests.Response:
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    headers.setdefault("host", "ec2.bed.invalid")
    body = request.body or b""
    sent = Request(
        str(request.method),
        request.path_url,
        headers,
        body if isinstance(body, bytes) else body.encode(),
    )
    try:
        told = bed.serve(sent)
    except Dropped:
        raise requests.ConnectionError("the connection was closed", request=request) from None
    response = requests.Response()
    response.status_code = told.status
    response.headers["Content-Type"] = told.kind
    response._content = told.body.encode()
    response.encoding = "utf-8"
    response.request = request
    response.url = str(request.url)
    return response


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()
