"""The bed without a socket: what libcloud sends through `requests` is answered in this process.

A process that is forked takes the whole of EC2 with it, its clients included: a sweep can fork at any
request, and what the copy does never reaches the world of the original.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import requests

from bed.bed import Bed
from portinfra.testing.emulator import CutShort, Dropped, Request

HOST = "http://ec2.bed.invalid"
ENDPOINT = f"{HOST}:80"


@contextmanager
def direct(bed: Bed) -> Iterator[str]:
    """While it lasts, requests to the endpoint that is yielded are the bed's.

    They are taken before `requests` prepares them for the wire, which takes as long as serving them.
    """
    send = requests.Session.request

    def answer(self: requests.Session, method: str, url: str, **given: Any) -> requests.Response:
        if not url.startswith(HOST):
            return send(self, method, url, **given)
        return _answer(bed, method.upper(), url, given.get("data") or "", given.get("headers") or {})

    with patch.object(requests.Session, "request", answer):
        yield ENDPOINT


def _answer(
    bed: Bed, method: str, url: str, data: str | bytes, given: Mapping[str, str | bytes]
) -> requests.Response:
    headers = {name.lower(): _text(value) for name, value in given.items()}
    headers.setdefault("host", "ec2.bed.invalid")
    body = data if isinstance(data, bytes) else data.encode()
    try:
        told = bed.serve(Request(method, url.removeprefix(HOST), headers, body))
    except (Dropped, CutShort):
        raise requests.ConnectionError("the connection was closed") from None
    response = requests.Response()
    response.status_code = told.status
    response.headers["Content-Type"] = told.kind
    response._content = told.content
    response.encoding = "utf-8"
    response.url = url
    return response


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()
